"""Which behaviour holds: the pod's annotation, then rules, then the image's state, then defaults.

What one source says is said field by field: a rule may give the run, the annotation the probes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mockapi.kubelet import behaviour as values
from mockapi.kubelet.behaviour_schema import POD, RULES, BadBehaviour, check, nearest, read
from mockapi.kubelet.states import IMAGE_PREFIX, STATES, normal
from mockapi.meta.volumes import RECYCLER

Obj = dict[str, Any]
Tree = dict[str, Any]

ANNOTATION = "mockapi.dev/behaviour"
_POD_ONLY = ("state", "containers", "sandbox", "volumes", "reject", "evict", "lost")


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks at; globs, and nothing said matches everything."""

    image: str = "*"
    namespace: str = "*"
    name: str = "*"
    node: str = "*"
    container: str = "*"
    labels: Mapping[str, str] = field(default_factory=dict)
    attempt: int | None = None

    def pod(self, pod: Obj) -> bool:
        metadata = pod["metadata"]
        labels = metadata.get("labels") or {}
        return (
            fnmatchcase(metadata.get("namespace", ""), self.namespace)
            and fnmatchcase(metadata["name"], self.name)
            and fnmatchcase(pod["spec"].get("nodeName", ""), self.node)
            and all(
                fnmatchcase(labels.get(k, ""), v) and k in labels for k, v in self.labels.items()
            )
        )

    def of_container(self, container: Obj, attempt: int) -> bool:
        return (
            fnmatchcase(container.get("image", ""), self.image)
            and fnmatchcase(container["name"], self.container)
            and (self.attempt is None or self.attempt == attempt)
        )

    @property
    def about_containers(self) -> bool:
        return self.image != "*" or self.container != "*" or self.attempt is not None


@dataclass(frozen=True, slots=True)
class Rule:
    match: Match
    behaviour: Tree


class Behaviours:
    """The rules of one cluster, and the answer for each pod and container."""

    def __init__(self, rules: Sequence[Tree] = ()) -> None:
        self._rules: list[Rule] = []
        self._parsed: dict[str, values.ContainerBehaviour] = {}
        self._annotations: dict[str, Tree] = {}
        self.set_rules(rules)

    @property
    def rules(self) -> list[Tree]:
        """As they were given."""
        return list(self._given)

    def set_rules(self, rules: Sequence[Tree]) -> None:
        """Replace all rules; pods follow from their next step on. Raises BadBehaviour."""
        check_rules(rules)
        self._rules = [Rule(Match(**r.get("match", {})), r["behaviour"]) for r in rules]
        self._given = list(rules)

    def of_pod(self, pod: Obj) -> values.PodBehaviour:
        """What holds for the pod as a whole. Raises BadBehaviour for its annotation."""
        tree: Tree = {}
        for source in self._pod_sources(pod):
            tree = merged(tree, source)
        return pod_value(tree)

    def of_container(self, pod: Obj, container: Obj, attempt: int) -> values.ContainerBehaviour:
        """What holds for the container's life number `attempt`."""
        annotation = (pod["metadata"].get("annotations") or {}).get(ANNOTATION, "")
        image = container.get("image", "")
        default = values.FINISHES if _finishes(pod, container) else values.DEFAULT
        if not annotation and not self._rules and not image.startswith(IMAGE_PREFIX):
            return default
        tree: Tree = {}
        name = container["name"]
        for source in self._container_sources(pod, container, attempt, annotation):
            tree = merged(tree, _for_container(source, name))
        if not tree:
            return default
        key = json.dumps(tree, sort_keys=True, default=str) + (
            "j" if default is values.FINISHES else ""
        )
        known = self._parsed.get(key)
        if known is None:
            known = self._parsed[key] = container_value(tree, default)
        return known

    def annotation(self, text: str) -> Tree:
        """The parsed annotation. Raises BadBehaviour."""
        known = self._annotations.get(text)
        if known is None:
            known = read(text)
            _check_state(known, "state")
            self._annotations[text] = known
        return known

    def _pod_sources(self, pod: Obj) -> list[Tree]:
        """Strongest first."""
        sources = []
        text = (pod["metadata"].get("annotations") or {}).get(ANNOTATION)
        if text:
            sources.append(_with_state(self.annotation(text)))
        for rule in self._rules:
            if rule.match.pod(pod) and self._matches_any(rule, pod):
                sources.append(_with_state(rule.behaviour))
        for container in pod["spec"].get("containers", ()):
            sources.append(image_state(container.get("image", "")))
        return sources

    @staticmethod
    def _matches_any(rule: Rule, pod: Obj) -> bool:
        if not rule.match.about_containers:
            return True
        spec = pod["spec"]
        containers = [*spec.get("initContainers", ()), *spec.get("containers", ())]
        return any(rule.match.of_container(c, rule.match.attempt or 0) for c in containers)

    def _container_sources(
        self, pod: Obj, container: Obj, attempt: int, annotation: str
    ) -> list[Tree]:
        sources = []
        if annotation:
            sources.append(_with_state(self.annotation(annotation)))
        for rule in self._rules:
            if rule.match.pod(pod) and rule.match.of_container(container, attempt):
                sources.append(_with_state(rule.behaviour))
        sources.append(image_state(container.get("image", "")))
        return sources


def image_state(image: str) -> Tree:
    """The behaviour of a built-in image, nothing for ordinary ones."""
    return STATES.get(state_of_image(image), {}) if image.startswith(IMAGE_PREFIX) else {}


def state_of_image(image: str) -> str:
    """The state that the name of one of our images asks for."""
    return normal(image[len(IMAGE_PREFIX) :].partition("@")[0].partition(":")[0])


def check_rules(rules: Sequence[Tree]) -> None:
    """Raises BadBehaviour with the paths of the mistakes."""
    check(rules, RULES)
    for index, rule in enumerate(rules):
        _check_state(rule["behaviour"], f"[{index}].behaviour.state")


def _check_state(tree: Tree, path: str) -> None:
    name = tree.get("state")
    if name is not None and normal(name) not in STATES:
        text = f"unknown state {name}{nearest(normal(name), list(STATES))}"
        raise BadBehaviour([(path, text)], tree)


def _with_state(tree: Tree) -> Tree:
    name = tree.get("state")
    return merged(tree, STATES[normal(name)]) if name else tree


def _for_container(tree: Tree, name: str) -> Tree:
    """What a source says about one container: by its name first, then at the top."""
    own: Tree = {}
    for pattern, said in (tree.get("containers") or {}).items():
        if fnmatchcase(name, pattern):
            own = merged(own, said)
    top = {key: value for key, value in tree.items() if key not in _POD_ONLY}
    return merged(own, top)


def merged(strong: Tree, weak: Tree) -> Tree:
    """Objects are merged field by field, everything else is replaced."""
    if not strong or not weak:
        return strong or weak
    out = dict(weak)
    for key, value in strong.items():
        below = out.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        out[key] = merged(value, below or {}) if both else value
    return out


def _finishes(pod: Obj, container: Obj) -> bool:
    """Init containers and those of Jobs do their work and end; sidecars never do by themselves."""
    for other in pod["spec"].get("initContainers") or ():
        if other["name"] == container["name"]:
            return bool(other.get("restartPolicy") != "Always")
    return _of_job(pod)


def _of_job(pod: Obj) -> bool:
    metadata = pod["metadata"]
    if any(o.get("kind") == "Job" for o in metadata.get("ownerReferences") or ()):
        return True
    # What the controller runs to empty a volume.
    return bool(metadata.get("namespace") == "default" and metadata["name"].startswith(RECYCLER))


def pod_value(tree: Tree) -> values.PodBehaviour:
    if not any(key in tree for key in _POD_ONLY):
        return values.DEFAULT_POD
    loaded: Tree = POD.load(tree)
    reject, evict = loaded.get("reject"), loaded.get("evict")
    return values.PodBehaviour(
        sandbox=values.Step(**loaded.get("sandbox", {})),
        volumes={n: values.VolumeTrouble(**v) for n, v in loaded.get("volumes", {}).items()},
        reject=reject and values.Rejection(reject["reason"], reject.get("message", "")),
        evict=evict
        and values.Eviction(
            evict.get("after", 0.0), evict.get("reason", "Evicted"), evict.get("message", "")
        ),
        lost=loaded.get("lost", False),
    )


def container_value(
    tree: Tree, default: values.ContainerBehaviour = values.DEFAULT
) -> values.ContainerBehaviour:
    loaded: Tree = POD.load(tree)
    probes = loaded.get("probes", {})
    wait = loaded.get("wait")
    return values.ContainerBehaviour(
        pull=_pull(loaded.get("pull", {})),
        create=values.Step(**loaded.get("create", {})),
        start=values.Step(**loaded.get("start", {})),
        runs=tuple(_run(r) for r in loaded["run"]) if "run" in loaded else default.runs,
        stop=_stop(loaded.get("stop", {})),
        post_start=values.Step(**loaded.get("postStart", {})),
        pre_stop=values.Step(**loaded.get("preStop", {})),
        wait=wait and values.Waiting(**wait),
        startup=_findings(probes.get("startup", ())),
        liveness=_findings(probes.get("liveness", ())),
        readiness=_findings(probes.get("readiness", ())),
        logs=_logs(loaded.get("logs", {})),
        usage=_usage(loaded.get("usage", {})),
    )


def _pull(tree: Tree) -> values.Pull:
    said_to_fail = "error" in tree or "reason" in tree
    size = tree.get("size")
    return values.Pull(
        seconds=tree.get("seconds", 0.0),
        error=tree.get("error", ""),
        reason=tree.get("reason", ""),
        fails=tree.get("fails", values.ALWAYS if said_to_fail else 0),
        present=tree.get("present", False),
        inspect_error=tree.get("inspectError", ""),
        size=None if size is None else int(size),
    )


def _run(tree: Tree) -> values.Run:
    signal = tree.get("signal", 0)
    code = tree.get("exitCode", 128 + signal if signal else 0)
    ends = "exitCode" in tree or signal or "reason" in tree
    return values.Run(
        seconds=tree.get("seconds", 0.0 if ends else None),
        exit_code=code,
        reason=tree.get("reason", ""),
        message=tree.get("message", ""),
        signal=signal,
    )


def _stop(tree: Tree) -> values.Stop:
    return values.Stop(
        seconds=tree.get("seconds", 0.0),
        exit_code=tree.get("exitCode", 0),
        ignores=tree.get("ignores", False),
    )


def _findings(trees: Sequence[Tree]) -> tuple[values.Finding, ...]:
    found = (values.Finding(**tree) for tree in trees)
    return tuple(sorted(found, key=lambda finding: finding.after))


def _logs(tree: Tree) -> values.Logs:
    lines = tuple(
        values.LogLine(line.get("after", 0.0), line["text"], line.get("stream", "stdout"))
        for line in tree.get("lines", ())
    )
    return values.Logs(lines, tree.get("every", 0.0))


def _usage(tree: Tree) -> values.Usage:
    return values.Usage(**{name: _curve(curve) for name, curve in tree.items()})


def _curve(tree: Tree) -> values.Curve:
    points = tuple(values.Point(p.get("after", 0.0), p["value"]) for p in tree["points"])
    return values.Curve(
        tuple(sorted(points, key=lambda point: point.after)),
        tree.get("ramp", False),
        tree.get("repeat", 0.0),
    )
