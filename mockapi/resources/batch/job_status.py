"""What may be written to the status of a Job."""

from typing import Any

from mockapi.machinery.validation import internal
from mockapi.meta import fields
from mockapi.meta.fields import OMITTED, FieldError, Path
from mockapi.resources.batch.job_spec import INDEXED, intervals, parse_indexes
from mockapi.resources.pods.workloads import not_negative

Errors = list[FieldError]

STATUS = Path("status")
_CONDITIONS = STATUS.child("conditions")
_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")


class _State:
    """One status with its conditions by name."""

    def __init__(self, status: Any) -> None:
        self.status = status
        self.true = {
            condition.get("type")
            for condition in status.get("conditions") or ()
            if condition.get("status") == "True"
        }
        self.false = {
            condition.get("type")
            for condition in status.get("conditions") or ()
            if condition.get("status") == "False"
        }

    @property
    def finished(self) -> bool:
        return bool(self.true & {"Complete", "Failed"})

    def __getitem__(self, name: str) -> Any:
        return self.status.get(name)

    def count(self, name: str) -> int:
        return self.status.get(name) or 0


def _conditions(detail: str) -> FieldError:
    return fields.invalid(_CONDITIONS, OMITTED, detail)


def validate_status_update(obj: Any, old: Any) -> Errors:
    """The real server asks most questions only of what has changed; so do we."""
    spec = obj["spec"]
    now, was = _State(obj.get("status") or {}), _State(old.get("status") or {})
    errors = not_negative(now.status, _COUNTS, STATUS)
    errors += _uncounted(now)
    errors += _complete(now, was)
    errors += _terminal_reasons(now, was)
    if now.finished:
        errors += _finished(spec, now, was)
    errors += _indexes(spec, now, was)
    errors += _pods(now, was)
    errors += _success_criteria(spec, now)
    return errors + _history(spec, now, was)


def _uncounted(now: _State) -> Errors:
    uncounted = now["uncountedTerminatedPods"] or {}
    errors: Errors = []
    seen: set[str] = set()
    for name in ("succeeded", "failed"):
        for index, uid in enumerate(uncounted.get(name) or ()):
            where = STATUS.child("uncountedTerminatedPods", name).index(index)
            if not uid:
                errors.append(fields.invalid(where, uid, "must not be empty"))
            elif uid in seen:
                errors.append(fields.duplicate(where, uid))
            seen.add(uid)
    return errors


def _changed(now: _State, was: _State, *conditions: str) -> bool:
    return any((name in now.true) != (name in was.true) for name in conditions)


def _complete(now: _State, was: _State) -> Errors:
    errors: Errors = []
    complete = "Complete" in now.true
    if complete and _changed(now, was, "Complete", "Failed") and "Failed" in now.true:
        errors.append(_conditions("cannot set Complete=True and Failed=true conditions"))
    if complete and _changed(now, was, "Complete", "FailureTarget") and "FailureTarget" in now.true:
        detail = "cannot set Complete=True and FailureTarget=true conditions"
        errors.append(_conditions(detail))
    time, where = now["completionTime"], STATUS.child("completionTime")
    if _changed(now, was, "Complete") or time != was["completionTime"]:
        if time is not None and not complete:
            detail = "cannot set completionTime when there is no Complete=True condition"
            errors.append(fields.invalid(where, time, detail))
        if time is None and complete:
            detail = "completionTime is required for Complete jobs"
            errors.append(fields.required(where, detail))
    start = now["startTime"]
    if (
        start
        and time
        and time < start
        and (start != was["startTime"] or time != was["completionTime"])
    ):
        detail = "must be equal to or after `startTime`"
        errors.append(fields.invalid(where, time, detail))
    return errors


def _terminal_reasons(now: _State, was: _State) -> Errors:
    """A job fails or completes for a reason, which is a condition of its own."""
    errors: Errors = []
    failed_changed = _changed(now, was, "Failed") or now["failedIndexes"] != was["failedIndexes"]
    if failed_changed and "Failed" in now.true and "FailureTarget" not in now.true:
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        errors.append(_conditions(detail))
    if (
        _changed(now, was, "Complete", "SuccessCriteriaMet")
        and "Complete" in now.true
        and "SuccessCriteriaMet" not in now.true
    ):
        detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        errors.append(_conditions(detail))
    return errors


def _finished(spec: Any, now: _State, was: _State) -> Errors:
    errors: Errors = []
    changed = now.finished != was.finished
    if now.count("active") > 0 and (changed or now.count("active") != was.count("active")):
        where, detail = STATUS.child("active"), "active>0 is invalid for finished job"
        errors.append(fields.invalid(where, now["active"], detail))
    nothing_to_do = spec.get("suspend") is True and spec.get("completions") == 0
    if now["startTime"] is None and not nothing_to_do and (changed or was["startTime"] is not None):
        detail = "startTime is required for finished job"
        errors.append(fields.required(STATUS.child("startTime"), detail))
    uncounted = now["uncountedTerminatedPods"]
    if (changed or uncounted != was["uncountedTerminatedPods"]) and (
        uncounted and (uncounted.get("failed") or uncounted.get("succeeded"))
    ):
        shown = internal.shown("batch.UncountedTerminatedPods", uncounted)
        where = STATUS.child("uncountedTerminatedPods")
        errors.append(fields.invalid(where, shown, "must be empty for finished job"))
    return errors


def _indexes(spec: Any, now: _State, was: _State) -> Errors:
    done, failed = now["completedIndexes"] or "", now["failedIndexes"]
    done_changed = done != (was["completedIndexes"] or "")
    failed_changed = failed != was["failedIndexes"]
    at_done, at_failed = STATUS.child("completedIndexes"), STATUS.child("failedIndexes")
    completions, limit = spec.get("completions"), spec.get("backoffLimitPerIndex")
    errors: Errors = []
    if done_changed and completions is not None:
        errors += _parsed(done, completions, at_done, "completedIndexes")
    if failed_changed and None not in (completions, limit, failed):
        errors += _parsed(failed, completions or 0, at_failed, "failedIndexes")
    if done_changed and done and spec.get("completionMode") != INDEXED:
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(fields.invalid(at_done, done, detail))
    if failed_changed and limit is None and failed is not None:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(fields.invalid(at_failed, failed, detail))
    if (done_changed or failed_changed) and completions is not None and failed:
        index = _overlap(done, failed, completions)
        if index is not None:
            detail = f"failedIndexes and completedIndexes overlap at index: {index}"
            errors.append(fields.invalid(at_failed, failed, detail))
    return errors


def _parsed(text: str, completions: int, path: Path, name: str) -> Errors:
    _, problem = parse_indexes(text, completions)
    if not problem:
        return []
    return [fields.invalid(path, text, f"error parsing {name}: {problem}")]


def _overlap(done: str, failed: str, completions: int) -> int | None:
    if not done:
        return None
    found = [
        max(low, other_low)
        for low, high in intervals(done, completions)[0]
        for other_low, other_high in intervals(failed, completions)[0]
        if low <= other_high and other_low <= high
    ]
    return min(found) if found else None


def _pods(now: _State, was: _State) -> Errors:
    errors: Errors = []
    terminating = now.count("terminating")
    if (
        terminating > 0
        and now.finished
        and (now.finished != was.finished or terminating != was.count("terminating"))
    ):
        where, detail = STATUS.child("terminating"), "terminating>0 is invalid for finished job"
        errors.append(fields.invalid(where, terminating, detail))
    if (
        now["ready"] is not None
        and now["ready"] > now.count("active")
        and (now["ready"] != was["ready"] or now.count("active") != was.count("active"))
    ):
        detail = "cannot set more ready pods than active"
        errors.append(fields.invalid(STATUS.child("ready"), now["ready"], detail))
    return errors


def _success_criteria(spec: Any, now: _State) -> Errors:
    errors: Errors = []
    met = "SuccessCriteriaMet" in now.true
    for other in ("Failed", "FailureTarget"):
        if met and other in now.true:
            detail = f"cannot set SuccessCriteriaMet=True and {other}=true conditions"
            errors.append(_conditions(detail))
    if spec.get("successPolicy") is not None and not met and "Complete" in now.true:
        detail = (
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        )
        errors.append(_conditions(detail))
    return errors


def _history(spec: Any, now: _State, was: _State) -> Errors:
    errors: Errors = []
    for name in ("Failed", "Complete", "FailureTarget"):
        if name in was.true and name not in now.true:
            errors.append(_conditions(f"cannot disable the terminal {name}=True condition"))
    if now.count("failed") < was.count("failed"):
        where, detail = STATUS.child("failed"), "cannot decrease the failed counter"
        errors.append(fields.invalid(where, now.count("failed"), detail))
    elastic = spec.get("completionMode") == INDEXED and (
        spec.get("completions") == spec.get("parallelism")
    )
    if not elastic and now.count("succeeded") < was.count("succeeded"):
        where, detail = STATUS.child("succeeded"), "cannot decrease the succeeded counter"
        errors.append(fields.invalid(where, now.count("succeeded"), detail))
    errors += _times(spec, now, was)
    if "SuccessCriteriaMet" in was.true and "SuccessCriteriaMet" not in now.true:
        errors.append(_conditions("cannot disable the SuccessCriteriaMet=True condition"))
    late = "Complete" in was.true and "SuccessCriteriaMet" not in was.true
    if late and "SuccessCriteriaMet" in now.true:
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        errors.append(_conditions(detail))
    return errors


def _times(spec: Any, now: _State, was: _State) -> Errors:
    errors: Errors = []
    time, before = now["completionTime"], was["completionTime"]
    if time and before and time != before:
        where = STATUS.child("completionTime")
        errors.append(fields.invalid(where, time, "field is immutable"))
    start, started = now["startTime"], was["startTime"]
    resuming = "Suspended" in was.true and "Suspended" in now.false
    if started and start != started and not resuming and not spec.get("suspend"):
        detail = "field is immutable for unsuspended job once set"
        errors.append(fields.invalid(STATUS.child("startTime"), start, detail))
    return errors
