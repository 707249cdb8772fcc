"""The kinds of the node group."""
