"""Rules that many kinds share: names, labels, metadata, selectors, addresses. Pure functions.

A function that judges a string gives a list of details (empty: fine); one that judges a field
gives a list of `FieldError`. Texts and order are the real server's.
"""
