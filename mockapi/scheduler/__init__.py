"""Where a pod lands, why, and why not: the rules of the real kube-scheduler's default profile.

`plugins/` holds one file for each rule, pure functions of a pod and of what is known of the
cluster (`cluster.py`, kept incrementally); `algorithm.py` runs them in the real order,
`preemption.py` looks for victims, `explain.py` shows it all as a table. Only `component.py`,
`binding.py` and `recorder.py` talk to an API server.
"""
