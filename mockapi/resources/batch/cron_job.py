"""CronJob."""

import re
import zoneinfo
from functools import cache
from typing import Any

from mockapi.machinery.resource import Context, Obj, Strategy
from mockapi.machinery.validation import declared, rules
from mockapi.machinery.validation.declarations import Declarations, Field
from mockapi.meta import cron, fields
from mockapi.meta.fields import FieldError, Path
from mockapi.resources.apps.replica_set import name_warnings
from mockapi.resources.batch.job_spec import spec_warnings, validate_spec
from mockapi.resources.pods import gates
from mockapi.resources.pods.workloads import not_negative

Errors = list[FieldError]

SPEC = Path("spec")
_JOB = SPEC.child("jobTemplate", "spec")
_ZONE_PART = re.compile(r"[A-Za-z._0-9+\-]{1,14}")


def _schedule(text: str, zone: str | None, path: Path, *, zone_in_text: bool) -> Errors:
    errors: Errors = []
    try:
        cron.parse(text)
    except cron.CronError as problem:
        errors.append(fields.invalid(path, text, str(problem)))
    if "TZ" not in text:
        return errors
    if not zone_in_text:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(fields.invalid(path, text, detail))
    elif zone is not None:
        detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        errors.append(fields.invalid(path, text, detail))
    return errors


def _time_zone(zone: str | None, path: Path) -> Errors:
    if zone is None:
        return []
    if not zone:
        return [fields.invalid(path, zone, "timeZone must be nil or non-empty string")]
    unknown = fields.invalid(path, zone, f"unknown time zone {zone}")
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.fullmatch(part):
            return [unknown]
    errors: Errors = []
    if zone.lower() == "local":
        detail = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        errors.append(fields.invalid(path, zone, detail))
    if zone != "Local" and not _is_known(zone):
        errors.append(unknown)
    return errors


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _is_known(zone: str) -> bool:
    """Where the system has no time zone data, any name is taken."""
    return zone == "UTC" or zone in _zones() or not _zones()


def _validate_spec(spec: Any, before: Any) -> Errors:
    errors: Errors = []
    text, zone = spec.get("schedule", ""), spec.get("timeZone")
    if text:
        in_text = "TZ" in (before or {}).get("schedule", "")
        errors += _schedule(text, zone, SPEC.child("schedule"), zone_in_text=in_text)
    else:
        errors += declared.covered([fields.required(SPEC.child("schedule"))])
    errors += not_negative(spec, ("startingDeadlineSeconds",), SPEC)
    if before is None or before.get("timeZone") != zone:
        errors += _time_zone(zone, SPEC.child("timeZone"))
    policy = spec.get("concurrencyPolicy")
    where = SPEC.child("concurrencyPolicy")
    errors += rules.required_one_of(policy, where, ("Allow", "Forbid", "Replace"))
    errors += _job_template((spec.get("jobTemplate") or {}).get("spec") or {})
    limits = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    return errors + not_negative(spec, limits, SPEC)


def _job_template(job: Any) -> Errors:
    errors = validate_spec(job, _JOB)
    if job.get("selector") is not None:
        detail = "`selector` will be auto-generated"
        errors.append(fields.invalid(_JOB.child("selector"), job["selector"], detail))
    if job.get("manualSelector"):
        where = _JOB.child("manualSelector")
        errors.append(fields.not_supported(where, True, ("nil", "false")))
    return errors


def _validate(obj: Obj) -> Errors:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    errors = _validate_spec(spec, None)
    if len(name) > 52:
        detail = "must be no more than 52 characters"
        errors.append(fields.invalid(Path("metadata", "name"), name, detail))
    return _DECLARED.settle(errors, "Spec", spec, None, SPEC)


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    if spec == before:
        return []
    return _DECLARED.settle(_validate_spec(spec, before), "Spec", spec, before, SPEC)


_DECLARED = Declarations({"Spec": (Field("schedule", is_required=True),)})


def _prepare_create(obj: Obj, context: Context) -> None:
    job = (obj["spec"].get("jobTemplate") or {}).get("spec") or {}
    job.pop("scheduling", None)
    gates.drop_disabled((job.get("template") or {}).get("spec") or {})


def _prepare_update(obj: Obj, old: Obj, context: Context) -> None:
    if obj["spec"] is not old["spec"]:
        _prepare_create(obj, context)


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    job = (obj["spec"].get("jobTemplate") or {}).get("spec") or {}
    if old is None:
        return name_warnings(obj) + spec_warnings(job, _JOB)
    found = [] if obj["spec"] == old["spec"] else spec_warnings(job, _JOB)
    if "TZ" in obj["spec"].get("schedule", ""):
        found.append(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        )
    return found


STRATEGY = Strategy(
    group="batch",
    kind="CronJob",
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    has_status=True,
)
