"""Decisions a second at 100, 1,000 and 5,000 nodes: filters, scores and choice, without the API.

usage: python benchmarks/scheduler.py [NODES...]
"""

import sys
from typing import Any

from mockapi.base.clock import monotonic
from mockapi.base.ids import Ids
from mockapi.scheduler.algorithm import Search, choose
from mockapi.scheduler.cluster import Cluster, Listers, Objects
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.profile import default_profile

Obj = dict[str, Any]
PODS = 500
LABELS = {"app": "web"}


def _node(index: int) -> Obj:
    name = f"n{index}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"z{index % 3}"}
    allocatable = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def _pod(index: int) -> Obj:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "controller": True}
    metadata = {"name": f"p{index}", "namespace": "default", "uid": f"u{index}", "labels": LABELS}
    requests = {"cpu": "50m", "memory": "64Mi"}
    container = {"name": "c", "image": "nginx", "resources": {"requests": requests}}
    return {
        "metadata": {**metadata, "ownerReferences": [owner]},
        "spec": {"containers": [container]},
    }


def seconds_per_pod(nodes: int, pods: int = PODS) -> float:
    owner = {
        "metadata": {"name": "rs", "namespace": "default"},
        "spec": {"selector": {"matchLabels": LABELS}},
    }
    cluster = Cluster(Listers(replica_sets=Objects([owner])))
    for index in range(nodes):
        cluster.set_node(_node(index))
    search, profile, ids = Search(cluster, Nominations()), default_profile(), Ids(1)
    objects = [_pod(index) for index in range(pods)]
    start = monotonic()
    for obj in objects:
        pod = PodInfo(obj)
        node = choose(profile, search.run(profile, pod), ids.below)
        cluster.set_pod(pod.placed(node.name))
    return (monotonic() - start) / pods


def main(arguments: list[str]) -> None:
    for nodes in map(int, arguments or ("20", "100", "1000", "5000")):
        each = seconds_per_pod(nodes)
        print(f"{nodes:>5} nodes: {each * 1000:.3f} ms a pod, {1 / each:.0f} pods a second")


if __name__ == "__main__":
    main(sys.argv[1:])
