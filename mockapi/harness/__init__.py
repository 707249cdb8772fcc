"""What makes a cluster a test tool: state that a test sets and no client could.

No Flask, no loops: values that the composition root plugs into the server.
"""
