"""The Common Expression Language as Kubernetes uses it, on Google's runtime (extra `cel`).

`programs.py` compiles and evaluates; `library.py` has the functions that Kubernetes adds;
`values.py` makes CEL values of JSON by a structural schema. `compiling.py` judges expressions of
policies and webhooks, by the types in `declarations.py`.
"""
