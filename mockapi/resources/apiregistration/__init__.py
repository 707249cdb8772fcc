"""The kinds of the apiregistration group."""
