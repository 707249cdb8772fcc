"""The annotations by which a Deployment remembers its revisions. Source: deployment_util.go."""

from collections.abc import Iterable

from mockapi.client.protocol import Obj
from mockapi.controllers import objects, rollout

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
HISTORY_CHARACTERS = 2000
HASH_LABEL = "pod-template-hash"

NOT_COPIED = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        rollout.DESIRED,
        rollout.MAXIMUM,
        ROLLBACK_TO,
    )
)


def integer(text: str) -> int | None:
    """A Go int64 in decimal, or None."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit():
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def of(obj: Obj) -> int | None:
    """The revision of an object: 0 without the annotation, None when it cannot be read."""
    text = objects.annotations(obj).get(REVISION)
    return 0 if text is None else integer(text)


def highest(sets: Iterable[Obj]) -> int:
    return max((of(item) or 0 for item in sets), default=0)


def last_but_one(sets: Iterable[Obj]) -> int:
    first = second = 0
    for item in sets:
        number = of(item)
        if number is None:
            continue
        if number >= first:
            first, second = number, first
        elif number > second:
            second = number
    return second


def rollback_target(deployment: Obj) -> int | None:
    return integer(objects.annotations(deployment).get(ROLLBACK_TO, ""))


def without_hash(template: Obj) -> Obj:
    """A template to compare by: the hash label is the controller's own."""
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.pop("labels", None) or {}).items() if k != HASH_LABEL}
    if labels:
        metadata["labels"] = labels
    metadata.pop("creationTimestamp", None)
    return {"metadata": metadata, "spec": template.get("spec")}


def same_template(one: Obj, two: Obj) -> bool:
    """Equal but for the hash label."""
    first, second = one.get("spec"), two.get("spec")
    return first == second and without_hash(one) == without_hash(two)


def annotations_for_new_set(
    deployment: Obj, current: dict[str, str], revision: int, *, exists: bool
) -> dict[str, str]:
    """The annotations the new ReplicaSet is to have; `current` are those it has."""
    copied = {k: v for k, v in objects.annotations(deployment).items() if k not in NOT_COPIED}
    new = {**current, **copied}
    before = new.get(REVISION, "")
    old = integer(before) if before else 0
    if old is None:
        return current
    if old < revision:
        new[REVISION] = str(revision)
        if REVISION in current:
            _remember(new, before)
    if not exists:
        new.update(size_annotations(deployment))
    return new


def _remember(annotations: dict[str, str], revision: str) -> None:
    """Add a past revision to the history, dropping the oldest beyond the limit of characters."""
    text = annotations.get(HISTORY, "")
    known = text.split(",")
    if not known[0]:
        annotations[HISTORY] = revision
        return
    length, start = len(text) + len(revision) + 1, 0
    while length > HISTORY_CHARACTERS and start < len(known):
        length -= len(known[start]) + 1
        start += 1
    if length <= HISTORY_CHARACTERS:
        annotations[HISTORY] = ",".join([*known[start:], revision])


def size_annotations(deployment: Obj) -> dict[str, str]:
    """What a set remembers of its Deployment's size, for proportional scaling."""
    desired = rollout.replicas(deployment)
    return {
        rollout.DESIRED: str(desired),
        rollout.MAXIMUM: str(desired + rollout.max_surge(deployment)),
    }
