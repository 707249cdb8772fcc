"""Revisions and keys over opaque bytes. Knows no kinds, no JSON; the only place where state changes."""
