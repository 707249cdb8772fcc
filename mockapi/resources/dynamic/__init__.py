"""The kinds of the dynamic group."""
