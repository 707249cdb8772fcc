"""The kinds of the admissionregistration group."""
