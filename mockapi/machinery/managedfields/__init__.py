"""Who owns which field: metadata.managedFields and server-side apply.

`managers.py` is the entry (`Managers.update`, `Managers.apply`); `fieldset.py` is the algebra of
field sets, kept as the trees that fieldsV1 shows; `nodes.py` are types as ownership sees them;
`shapes.py` makes them of the type tables. Source: sigs.k8s.io/structured-merge-diff v6 and
apimachinery pkg/util/managedfields.
"""
