"""The kinds of the discovery group."""
