"""Sans-IO API machinery: values in, values or ApiError out. Start reading at `pipeline.py`.

No Flask, no greenlets, no clock but through the context.
"""
