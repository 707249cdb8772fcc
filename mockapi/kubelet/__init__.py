"""The fake kubelet: nodes and their heartbeats, and the life of every pod that is bound to one.

Read `kubelet` (the component), then `worker` (one pod), `actions` (what to do next), `statuses`
(what is reported); these decide purely or by the clock. What a container does is data: `behaviour`
(values), `behaviour_schema` (how they are written), `behaviours` (which one holds). Nothing here
knows HTTP, and nothing waits: time is the cluster's clock, work that takes time is a fiber.
"""
