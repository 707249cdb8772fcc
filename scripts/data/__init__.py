"""Writes the tables in `openapi/` from a running kube-apiserver and its Go modules.

    python -m scripts.data.make --kubeconfig FILE [--minor 1.37] [table ...]

Facts only: names, numbers, types and flags; no prose of upstream's is stored.
"""
