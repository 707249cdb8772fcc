"""The same random requests to a server of ours and to the real one, whole replies compared.

`kinds` is what is written, `operations` makes sequences of requests, `pair` runs one on both
servers and names the differences, `collecting` runs many and keeps the shortest of each kind.
`MOCKAPI_ORACLE=KUBECONFIG python -m tests.contract.fuzz --operations 20000 --seed 1`.
"""
