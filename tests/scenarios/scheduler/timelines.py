"""Random histories of a small cluster: what is created, changed and deleted, and time that passes.

A history is a list of steps: `{"apply": object}`, `{"delete": object}`, `{"seconds": n}`. Scores
leave no ties, so that what the scheduler tells after each step is determined. Record what the real
one tells: `python -m tests.scenarios.scheduler.timelines ORACLE`.
"""

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Obj = dict[str, Any]
Step = dict[str, Any]

RECORDING = Path(__file__).parent / "recordings" / "timelines.jsonl.gz"
COUNT = 150
STEPS = 14
PRIORITIES = (0, 10, 100)
CONFIGURATION: Obj = {
    "apiVersion": "kubescheduler.config.k8s.io/v1",
    "kind": "KubeSchedulerConfiguration",
    "profiles": [
        {
            "schedulerName": "default-scheduler",
            "plugins": {
                "score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeAffinity"}]}
            },
        }
    ],
}
_NODES = ("n0", "n1", "n2")


class History:
    """Makes steps from a seed, and knows what is there."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._nodes: dict[str, Obj] = {}
        self._pods: dict[str, Obj] = {}
        self._made = 0
        self.steps: list[Step] = []
        for _ in range(self._random.randint(0, 2)):
            self._new_node()
        while len(self.steps) < STEPS:
            self._step()

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _pick(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def _add(self, **step: Any) -> None:
        self.steps.append(json.loads(json.dumps(step)))

    def _step(self) -> None:
        todo = self._pick(
            *[self._new_pod] * 5,
            *[self._time] * 4,
            *[self._change_node] * 5,
            *[self._change_pod] * 2,
            self._new_node,
            self._delete_pod,
            self._delete_node,
        )
        todo()

    def _time(self) -> None:
        self._add(seconds=self._pick(0.5, 1, 2, 5, 11, 20))

    def _new_node(self) -> None:
        name = next((n for n in _NODES if n not in self._nodes), None)
        if name is None:
            return
        allocatable = {"cpu": self._pick("1", "2"), "memory": "4Gi", "pods": "10"}
        node: Obj = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": self._labels()},
            "spec": {},
            "status": {"allocatable": allocatable, "capacity": allocatable},
        }
        if self._chance(0.2):
            node["spec"]["taints"] = [self._taint()]
        self._nodes[name] = node
        self._add(apply=node)

    def _labels(self) -> dict[str, str]:
        return {"disk": self._pick("ssd", "hdd")} if self._chance(0.7) else {}

    def _taint(self) -> Obj:
        effect = self._pick("NoSchedule", "NoSchedule", "PreferNoSchedule")
        return {"key": self._pick("a", "b"), "effect": effect}

    def _change_node(self) -> None:
        if not self._nodes:
            return
        node = self._nodes[self._pick(*sorted(self._nodes))]
        before = json.dumps(node, sort_keys=True)
        aspect = self._pick("labels", "taints", "unschedulable", "cpu", "annotations")
        if aspect == "labels":
            node["metadata"]["labels"] = self._labels()
        elif aspect == "taints":
            node["spec"]["taints"] = [self._taint()] if self._chance(0.5) else []
        elif aspect == "unschedulable":
            node["spec"]["unschedulable"] = not node["spec"].get("unschedulable", False)
        elif aspect == "cpu":
            node["status"]["allocatable"]["cpu"] = self._pick("1", "2", "3")
        else:
            node["metadata"]["annotations"] = {"n": str(len(self.steps))}
        if json.dumps(node, sort_keys=True) != before:
            self._add(apply=node)

    def _delete_node(self) -> None:
        if self._nodes and self._chance(0.5):
            name = self._pick(*sorted(self._nodes))
            self._add(delete=self._nodes.pop(name))

    def _new_pod(self) -> None:
        name = f"p{self._made}"
        self._made += 1
        priority = self._pick(*PRIORITIES)
        spec: Obj = {
            "schedulerName": "default-scheduler",
            "priority": priority,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "resources": {"requests": {"cpu": self._pick("300m", "600m", "1")}},
                }
            ],
            "affinity": {"nodeAffinity": {_PREFERRED: self._preferences()}},
        }
        if priority:
            spec["priorityClassName"] = f"p{priority}"
        if self._chance(0.3):
            spec["nodeSelector"] = {"disk": self._pick("ssd", "nvme")}
        if self._chance(0.2):
            spec["tolerations"] = [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}]
        if self._chance(0.2):
            spec["schedulingGates"] = [{"name": "example.com/gate"}]
        if self._chance(0.15):
            port = {"containerPort": 80, "hostPort": 80, "protocol": "TCP"}
            spec["containers"][0]["ports"] = [port]
        metadata = {"name": name, "namespace": "default", "uid": name, "labels": {"app": name}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        self._pods[name] = pod
        self._add(apply=pod)

    def _preferences(self) -> list[Obj]:
        weights = self._random.sample((100, 60, 30), 3)
        return [
            {
                "weight": weight,
                "preference": {
                    "matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]
                },
            }
            for name, weight in zip(_NODES, weights, strict=True)
        ]

    def _change_pod(self) -> None:
        if not self._pods:
            return
        pod = self._pods[self._pick(*sorted(self._pods))]
        spec = pod["spec"]
        if "schedulingGates" in spec:
            del spec["schedulingGates"]
        elif self._chance(0.4):
            key = self._pick("a", "b")
            known = spec.setdefault("tolerations", [])
            if any(toleration["key"] == key for toleration in known):
                return
            known.append({"key": key, "operator": "Exists", "effect": "NoSchedule"})
        else:
            pod["metadata"]["labels"] = {"app": f"x{len(self.steps)}"}
        self._add(apply=pod)

    def _delete_pod(self) -> None:
        if self._pods:
            name = self._pick(*sorted(self._pods))
            self._add(delete=self._pods.pop(name))


_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def history(seed: int) -> list[Step]:
    return History(seed).steps


def ask(oracle: str, histories: Sequence[list[Step]]) -> list[Any]:
    """What the real scheduler tells after each step."""
    requests = [
        {"objects": [], "pod": "", "config": CONFIGURATION, "steps": steps} for steps in histories
    ]
    lines = "\n".join(json.dumps(request) for request in requests)
    done = subprocess.run([oracle], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def determined(answer: Any) -> bool:
    """Victims that go side by side may wake their preemptor between them; a single one may not."""
    return "error" not in answer and all(
        sum(write["body"][1] == "Preempted" for write in told or ()) < 2
        for told in answer.get("told") or ()
    )


def record(oracle: str) -> None:
    histories = [history(seed) for seed in range(COUNT)]
    pairs = [
        (steps, answer["told"])
        for steps, answer in zip(histories, ask(oracle, histories), strict=True)
        if determined(answer)
    ]
    text = "".join(json.dumps(pair, separators=(",", ":")) + "\n" for pair in pairs)
    with RECORDING.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode())


def recorded() -> list[tuple[list[Step], list[list[Obj]]]]:
    """Histories with what the real scheduler told after each step."""
    with gzip.open(RECORDING, "rt") as lines:
        return [(steps, [told or [] for told in tolds]) for steps, tolds in map(json.loads, lines)]


if __name__ == "__main__":
    record(sys.argv[1])
