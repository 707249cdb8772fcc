"""The control API under /mockapi/v1: time, state and explanations of the running cluster.

It is mockapi's own, no part of Kubernetes; errors are Status objects all the same.
"""
