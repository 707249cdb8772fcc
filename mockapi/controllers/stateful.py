"""A StatefulSet's pods and claims: names, identity, storage, retention. Pure.

Source: stateful_set_utils.go.
"""

import re
from typing import Any

from mockapi.client.protocol import Obj
from mockapi.controllers import objects, pods
from mockapi.controllers.rollout import scaled

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"
_POD_NAME = re.compile(r"(.*)-([0-9]+)$")


def parent_and_ordinal(pod: Obj) -> tuple[str, int]:
    """(`web`, 0) of `web-0`; ("", -1) of another name."""
    match = _POD_NAME.fullmatch(objects.name(pod))
    return (match[1], int(match[2])) if match else ("", -1)


def ordinal(pod: Obj) -> int:
    return parent_and_ordinal(pod)[1]


def start(owner: Obj) -> int:
    return int((owner["spec"].get("ordinals") or {}).get("start", 0))


def replicas(owner: Obj) -> int:
    return int(owner["spec"].get("replicas", 1))


def in_range(pod: Obj, owner: Obj) -> bool:
    return 0 <= ordinal(pod) - start(owner) < replicas(owner)


def revision(pod: Obj) -> str:
    return objects.labels(pod).get(REVISION_LABEL, "")


def rolling(owner: Obj) -> Obj | None:
    strategy = owner["spec"].get("updateStrategy") or {}
    return strategy.get("rollingUpdate")


def partition(owner: Obj) -> int:
    return int((rolling(owner) or {}).get("partition", 0))


def max_unavailable(owner: Obj) -> int:
    value = (rolling(owner) or {}).get("maxUnavailable", 1)
    return max(1, scaled(value, replicas(owner), round_up=False))


def claim_name(owner: Obj, template: Obj, number: int) -> str:
    return f"{_named(template)}-{objects.name(owner)}-{number}"


def _named(template: Obj) -> str:
    return str((template.get("metadata") or {}).get("name", ""))


def claims(owner: Obj, number: int) -> dict[str, Obj]:
    """The claims of one pod by their volume's name."""
    found = {}
    labels = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        source = template.get("metadata") or {}
        metadata = {
            **source,
            "name": claim_name(owner, template, number),
            "namespace": objects.namespace(owner),
            "labels": {**(source.get("labels") or {}), **labels},
        }
        if not metadata["labels"]:
            del metadata["labels"]
        found[_named(template)] = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": template.get("spec") or {},
        }
    return found


def new_pod(owner: Obj, template: Obj, number: int, revision_name: str) -> Obj:
    name = f"{objects.name(owner)}-{number}"
    reference = objects.controller_reference(owner, "apps/v1", "StatefulSet")
    pod = pods.from_template(template, owner, reference, name=name)
    pod["metadata"]["namespace"] = objects.namespace(owner)
    pod["metadata"]["labels"] = {**objects.labels(pod), REVISION_LABEL: revision_name}
    spec = {**pod["spec"], "hostname": name}
    if owner["spec"].get("serviceName"):
        spec["subdomain"] = owner["spec"]["serviceName"]
    pod["spec"] = spec
    return with_identity(with_storage(pod, owner), owner)


def with_identity(pod: Obj, owner: Obj) -> Obj:
    name = objects.name(pod)
    labels = {
        **objects.labels(pod),
        POD_NAME_LABEL: name,
        POD_INDEX_LABEL: str(ordinal(pod)),
    }
    return objects.with_metadata(pod, labels=labels)


def with_storage(pod: Obj, owner: Obj) -> Obj:
    wanted = claims(owner, ordinal(pod))
    if not wanted:
        return pod
    volumes: list[Any] = [
        {"name": name, "persistentVolumeClaim": {"claimName": objects.name(claim)}}
        for name, claim in wanted.items()
    ]
    volumes += [v for v in pod["spec"].get("volumes") or () if v["name"] not in wanted]
    return {**pod, "spec": {**pod["spec"], "volumes": volumes}}


def identity_matches(owner: Obj, pod: Obj) -> bool:
    parent, number = parent_and_ordinal(pod)
    named = objects.labels(pod).get(POD_NAME_LABEL) == objects.name(pod)
    return number >= 0 and parent == objects.name(owner) and named


def storage_matches(owner: Obj, pod: Obj) -> bool:
    number = ordinal(pod)
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        claim = volumes.get(_named(template), {}).get("persistentVolumeClaim") or {}
        if claim.get("claimName") != claim_name(owner, template, number):
            return False
    return number >= 0


def created(pod: Obj) -> bool:
    return bool(objects.phase(pod))


def unavailable(pod: Obj, wait: int, now: float) -> bool:
    return objects.deleting(pod) or not objects.pod_available(pod, wait, now)


def claim_owners(claim: Obj, owner: Obj, pod: Obj) -> list[Obj] | None:
    """The owner references the retention policy wants of a claim; None when they are right."""
    known = claim["metadata"].get("ownerReferences") or []
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    on_delete = policy.get("whenDeleted") == "Delete"
    on_scale = policy.get("whenScaled") == "Delete"
    mine = [r for r in known if _means(r, "StatefulSet", owner) or _means(r, "Pod", pod)]
    if any(r["uid"] not in (objects.uid(owner), objects.uid(pod)) for r in mine):
        return None  # It belongs to a former one, and is about to be collected.
    rest = [r for r in known if r not in mine]
    if (on_delete or on_scale) and any(r.get("controller") for r in rest):
        return rest if mine else None
    wanted: list[Obj] = []
    condemned = not in_range(pod, owner)
    if on_scale and condemned:
        wanted.append(objects.controller_reference(pod, "v1", "Pod"))
    elif on_delete and not (on_scale and condemned):
        wanted.append(objects.controller_reference(owner, "apps/v1", "StatefulSet"))
    same = {r["uid"]: bool(r.get("controller")) for r in mine}
    if same == {r["uid"]: True for r in wanted}:
        return None
    return [*rest, *wanted]


def _means(reference: Obj, kind: str, obj: Obj) -> bool:
    return bool(reference["kind"] == kind and reference["name"] == objects.name(obj))
