"""Admission: plugins that change or refuse a write, in the real server's order. See `chain`."""
