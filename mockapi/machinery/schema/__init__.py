"""Types at work: decode, prune, normalise and default JSON trees, compiled once per type.

`Schemas` is the way in. `compiled` is the fast path for well-formed trees; what it does not
understand goes to `strict`, which walks as Go's decoder does and has its words.
"""
