"""Pages of the documentation that are generated, and checked by tests."""
