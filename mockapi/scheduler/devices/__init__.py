"""Which devices a pod's resource claims get on a node: structured parameters.

`pools.py` sorts the published slices out, `selectors.py` judges devices by CEL, `capacity.py` and
`counters.py` know what is left of shared ones, `allocator.py` searches, `results.py` writes down
what it found. All pure. Source: dynamic-resource-allocation structured (incubating variant).
"""
