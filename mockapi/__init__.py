"""mockapi: a mock Kubernetes API server for client tests."""

__version__ = "0.1.0"
