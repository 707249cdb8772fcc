"""The kinds of the apiextensions group."""
