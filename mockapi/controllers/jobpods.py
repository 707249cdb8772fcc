"""A Job's pods judged: indexes, policies, back-off. Pure. Source: pkg/controller/job."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mockapi.base import tree
from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects, pods, ranking

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
MAX_PREFIX = 58
FIRST_BACK_OFF, LAST_BACK_OFF = 10.0, 600.0


def indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Obj) -> int:
    """The completion index, -1 without one."""
    text = objects.annotations(pod).get(INDEX, "")
    return int(text) if text.isdigit() else -1


def parse_indexes(text: str, completions: int | None = None) -> set[int]:
    """`0,2-4` -> {0, 2, 3, 4}, without those that are no completion any more."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found if completions is None else {n for n in found if n < completions}


def format_indexes(indexes: Iterable[int]) -> str:
    """The inverse: runs of three or more as `a-b`, of two as `a,b`."""
    runs: list[list[int]] = []
    for number in sorted(indexes):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = []
    for run in runs:
        if len(run) > 2:
            parts.append(f"{run[0]}-{run[-1]}")
        else:
            parts += [str(number) for number in run]
    return ",".join(parts)


def failed(pod: Obj, job: Obj) -> bool:
    """Failed; unless only those that failed are replaced, also what is being deleted."""
    if objects.phase(pod) == "Failed":
        return True
    if job["spec"].get("podReplacementPolicy") == "Failed":
        return False
    return objects.deleting(pod) and objects.phase(pod) != "Succeeded"


def finish_time(pod: Obj) -> float:
    """When the last container ended (if all have), else when the pod became unready, else when it
    was deleted, else when it was created."""
    if ends := _ends(pod):
        return max(ends)
    ready = objects.condition(pod, "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_timestamp(ready["lastTransitionTime"])
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted:
        grace = int(pod["metadata"].get("deletionGracePeriodSeconds", 0))
        return parse_timestamp(deleted) - grace
    return parse_timestamp(objects.created(pod))


def _ends(pod: Obj) -> list[float]:
    """When each container ended; nothing while one has not."""
    sidecars = {
        container["name"]
        for container in pod["spec"].get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    }
    status = objects.status(pod)
    inits = (r for r in status.get("initContainerStatuses") or () if r["name"] in sidecars)
    ends = []
    for row in (*(status.get("containerStatuses") or ()), *inits):
        ended = ((row.get("state") or {}).get("terminated") or {}).get("finishedAt")
        if not ended:
            return []
        ends.append(parse_timestamp(ended))
    return ends


def past_restarts(job: Obj, pods: Iterable[Obj]) -> bool:
    """Whether containers that are restarted in place have failed too often."""
    pod = (job["spec"].get("template") or {}).get("spec") or {}
    if pod.get("restartPolicy") != "OnFailure":
        return False
    restarts = 0
    for pod in pods:
        if objects.phase(pod) in ("Running", "Pending"):
            status = objects.status(pod)
            for part in ("initContainerStatuses", "containerStatuses"):
                restarts += sum(row.get("restartCount", 0) for row in status.get(part) or ())
    limit = int(job["spec"].get("backoffLimit", 6))
    return restarts > 0 if limit == 0 else restarts >= limit


def _noted(pod: Obj, annotation: str) -> int:
    text = objects.annotations(pod).get(annotation, "0")
    return int(text) if text.isdigit() else 0


def all_failures(pod: Obj) -> int:
    """How often the pod's index had failed before, ignored failures too."""
    return _noted(pod, INDEX_FAILURES) + _noted(pod, INDEX_IGNORED_FAILURES)


def index_failed(pod: Obj, job: Obj, limit: int) -> bool:
    if not failed(pod, job):
        return False
    policy = policy_verdict(job, pod)
    return policy.action == "FailIndex" or (policy.counts and _noted(pod, INDEX_FAILURES) >= limit)


def failure_notes(job: Obj, replaced: Obj | None) -> dict[str, str]:
    """The annotations of a pod that takes the place of a failed one of its index."""
    if replaced is None:
        return {INDEX_FAILURES: "0"}
    counts = policy_verdict(job, replaced).counts
    ignored = _noted(replaced, INDEX_IGNORED_FAILURES) + int(not counts)
    notes = {INDEX_FAILURES: str(_noted(replaced, INDEX_FAILURES) + int(counts))}
    return {**notes, INDEX_IGNORED_FAILURES: str(ignored)} if ignored else notes


def doubled(pods: Iterable[Obj], completions: int, now: float) -> tuple[list[Obj], list[Obj]]:
    """(pods of no valid index and all but one of each index, the others)."""
    by_index: dict[int, list[Obj]] = {}
    for pod in sorted(pods, key=index_of):
        by_index.setdefault(index_of(pod), []).append(pod)
    gone: list[Obj] = []
    left: list[Obj] = []
    for index, mine in by_index.items():
        if not 0 <= index < completions:
            gone += mine
            continue
        ranked = ranking.by_deletion(mine, now=now)
        gone += ranked[:-1]
        left.append(ranked[-1])
    return gone, left


def describe(job: Obj, index: int, reference: Obj, replaced: Mapping[int, Obj]) -> Obj:
    """A new pod, for an index or -1; `replaced` are failed pods by index."""
    pod = pods.from_template(job["spec"].get("template") or {}, job, reference)
    metadata = pod["metadata"]
    finalizers = metadata.get("finalizers") or ()
    if FINALIZER not in finalizers:
        metadata["finalizers"] = [*finalizers, FINALIZER]
    if index < 0:
        return pod
    name, end = objects.name(job), f"-{index}-"
    metadata["generateName"] = f"{name[: MAX_PREFIX - len(end)]}{end}"
    notes = {**objects.annotations(pod), INDEX: str(index)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        notes.update(failure_notes(job, replaced.get(index)))
    metadata["annotations"] = notes
    metadata["labels"] = {**objects.labels(pod), INDEX: str(index)}
    pod["spec"] = {**with_index_variable(pod["spec"]), "hostname": f"{name}-{index}"}
    return pod


def with_index_variable(spec: Obj) -> Obj:
    """A copy of a pod's spec whose containers know their index."""
    copied: Obj = tree.copy(spec)
    for container in (*(copied.get("initContainers") or ()), *(copied.get("containers") or ())):
        env = container.setdefault("env", [])
        if not any(item["name"] == INDEX_VARIABLE for item in env):
            source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
            env.append({"name": INDEX_VARIABLE, "valueFrom": source})
    return copied


def back_off(failures: int) -> float:
    """Seconds to wait after the n-th failure in a row."""
    return min(FIRST_BACK_OFF * 2 ** min(failures - 1, 10), LAST_BACK_OFF) if failures else 0.0


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What the failure policy says of a failed pod: nothing, without a matching rule."""

    action: str = ""
    message: str = ""

    @property
    def counts(self) -> bool:
        """Towards the back-off limit."""
        return self.action != "Ignore"


def policy_verdict(job: Obj, pod: Obj) -> PolicyVerdict:
    """By the first rule of the failure policy that the failed pod meets."""
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    for index, rule in enumerate(rules):
        why = _on_exit_codes(rule, pod) or _on_conditions(rule, pod)
        if why:
            action = rule["action"]
            return PolicyVerdict(action, f"{why} matching {action} rule at index {index}")
    return PolicyVerdict()


def _on_exit_codes(rule: Obj, pod: Obj) -> str:
    wanted = rule.get("onExitCodes")
    if not wanted:
        return ""
    status = objects.status(pod)
    rows = (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))
    for row in rows:
        ended = (row.get("state") or {}).get("terminated")
        if not ended or ended.get("exitCode", 0) == 0:
            continue
        if wanted.get("containerName") not in (None, "", row["name"]):
            continue
        if (ended["exitCode"] in wanted["values"]) == (wanted["operator"] == "In"):
            where = f"{objects.namespace(pod)}/{objects.name(pod)}"
            code = ended["exitCode"]
            return f"Container {row['name']} for pod {where} failed with exit code {code}"
    return ""


def _on_conditions(rule: Obj, pod: Obj) -> str:
    for pattern in rule.get("onPodConditions") or ():
        if objects.condition_is(pod, pattern["type"], pattern.get("status", "True")):
            where = f"{objects.namespace(pod)}/{objects.name(pod)}"
            return f"Pod {where} has condition {pattern['type']}"
    return ""


def success_policy(job: Obj, succeeded: set[int], completions: int) -> str:
    """The message of the first success rule that is met, or ""."""
    rules = (job["spec"].get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules if succeeded else ()):
        matched, least = succeeded, rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            wanted = parse_indexes(rule["succeededIndexes"], completions)
            matched, least = succeeded & wanted, least or len(wanted)
        if least and len(matched) >= least:
            return f"Matched rules at index {number}"
    return ""
