"""The kinds of the scheduling group."""
