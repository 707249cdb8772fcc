"""The kinds of the storagemigration group."""
