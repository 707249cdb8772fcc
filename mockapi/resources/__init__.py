"""One file per kind: its strategy, pure functions over plain objects. No I/O, no clock.

`strategies.STRATEGIES` lists them all; what several kinds share and is not a rule of the API
machinery (pod templates, volumes, ...) is a module beside them.
"""
