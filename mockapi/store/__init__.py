"""Revisions and keys over opaque bytes: the only place where state changes. Knows no kinds."""
