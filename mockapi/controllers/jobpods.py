"""A Job's pods judged: indexes, policies, back-off. Pure. Source: pkg/controller/job."""

from collections.abc import Iterable

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Obj
from mockapi.controllers import objects

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
FIRST_BACK_OFF, LAST_BACK_OFF = 10.0, 600.0


def indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def index_of(pod: Obj) -> int:
    """The completion index, -1 without one."""
    text = objects.annotations(pod).get(INDEX, "")
    return int(text) if text.isdigit() else -1


def parse_indexes(text: str) -> set[int]:
    """`0,2-4` -> {0, 2, 3, 4}."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


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
    """Failed; without a policy that waits for the end, also what is being deleted."""
    if objects.phase(pod) == "Failed":
        return True
    if job["spec"].get("podReplacementPolicy") == "Failed" or job["spec"].get("podFailurePolicy"):
        return False
    return objects.deleting(pod) and objects.phase(pod) != "Succeeded"


def finish_time(pod: Obj) -> float:
    """When the last container ended, else when it was deleted, else when it was created."""
    ends = [
        parse_timestamp(moment)
        for container in objects.status(pod).get("containerStatuses") or ()
        if (moment := ((container.get("state") or {}).get("terminated") or {}).get("finishedAt"))
    ]
    if ends:
        return max(ends)
    text = pod["metadata"].get("deletionTimestamp") or objects.created(pod)
    return parse_timestamp(text)


def back_off(failures: int) -> float:
    """Seconds to wait after the n-th failure in a row."""
    return min(FIRST_BACK_OFF * 2 ** min(failures - 1, 10), LAST_BACK_OFF) if failures else 0.0


def policy_verdict(job: Obj, pod: Obj) -> tuple[str, str]:
    """(action, message) of the first rule of the failure policy that the failed pod meets."""
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    for index, rule in enumerate(rules):
        why = _on_exit_codes(rule, pod) or _on_conditions(rule, pod)
        if why:
            return rule["action"], f"{why} matching {rule['action']} rule at index {index}"
    return "", ""


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


def success_policy(job: Obj, succeeded: set[int]) -> str:
    """The message of the first success rule that is met, or ""."""
    rules = (job["spec"].get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        wanted = parse_indexes(rule.get("succeededIndexes", ""))
        matched = succeeded & wanted if wanted else succeeded
        least = rule.get("succeededCount") or len(wanted)
        if least and len(matched) >= least:
            return f"Matched rules at index {number}"
    return ""
