"""The kinds of the rbac group."""
