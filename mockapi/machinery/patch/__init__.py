"""The patch types: JSON patch, merge patch, strategic merge patch. Pure functions of a patch and a
document; neither is changed. `patching.py` is the entry: body in, patched tree and problems out.
Server-side apply is in `machinery.managedfields`.
"""
