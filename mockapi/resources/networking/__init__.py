"""The kinds of the networking group."""
