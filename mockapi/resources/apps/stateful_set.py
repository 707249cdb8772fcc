"""StatefulSet."""

from typing import Any

from mockapi.machinery.resource import Obj, StatusStrategy, Strategy
from mockapi.machinery.validation import internal, names, rules
from mockapi.machinery.validation.metadata import validate_annotations, validate_labels
from mockapi.meta import fields as errors_of
from mockapi.meta.fields import FieldError, Path
from mockapi.resources import fields
from mockapi.resources.apps import rolling
from mockapi.resources.pods import workloads
from mockapi.resources.pods.claims import validate_claim_spec
from mockapi.resources.pods.spec import validate_pod_annotations, validate_template
from mockapi.resources.pods.warnings import claim_spec_warnings
from mockapi.resources.pods.workloads import SPEC, STATUS, TEMPLATE

Errors = list[FieldError]

_UPDATE = SPEC.child("updateStrategy")
_RETENTION = SPEC.child("persistentVolumeClaimRetentionPolicy")


def _management(spec: Any) -> Errors:
    policy, where = spec.get("podManagementPolicy"), SPEC.child("podManagementPolicy")
    if not policy:
        return [errors_of.required(where)]
    if policy in ("OrderedReady", "Parallel"):
        return []
    return [errors_of.invalid(where, policy, "must be 'OrderedReady' or 'Parallel'")]


def _update_strategy(strategy: Any) -> Errors:
    kind, update = strategy.get("type", ""), strategy.get("rollingUpdate")
    where = _UPDATE.child("rollingUpdate")
    if not kind:
        return [errors_of.required(_UPDATE)]
    if kind == "OnDelete":
        if update is None:
            return []
        shown = internal.shown("apps.RollingUpdateStatefulSetStrategy", update)
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [errors_of.invalid(where, shown, detail)]
    if kind != "RollingUpdate":
        shown = internal.shown("apps.StatefulSetUpdateStrategy", strategy)
        detail = "must be 'RollingUpdate' or 'OnDelete'"
        return [errors_of.invalid(_UPDATE, shown, detail)]
    return [] if update is None else _rolling(update, where)


def _rolling(update: Any, path: Path) -> Errors:
    errors = rules.not_negative(update.get("partition"), path.child("partition"))
    unavailable = update.get("maxUnavailable")
    if unavailable is None:
        return errors
    where = path.child("maxUnavailable")
    errors += rolling.int_or_percent(unavailable, where)
    if not rolling.amount(unavailable):
        errors.append(errors_of.invalid(where, unavailable, "cannot be 0"))
    return errors + rolling.at_most_all(unavailable, where)


def _retention(policy: Any) -> Errors:
    errors: Errors = []
    for name in ("whenDeleted", "whenScaled"):
        errors += rules.one_of(policy.get(name, ""), _RETENTION.child(name), ("Retain", "Delete"))
    return errors


def _template(spec: Any) -> Errors:
    """Claims stand for volumes of their names; host names are the set's to give."""
    given, template = spec.get("selector"), spec.get("template") or {}
    selector, _ = workloads.compile_selector(given)
    if selector is None:
        return [errors_of.invalid(SPEC.child("selector"), given, "")]
    meta, pod = template.get("metadata") or {}, dict(template.get("spec") or {})
    own = meta.get("labels")
    errors: Errors = []
    if not selector.empty and not selector.matches(own or {}):
        detail = "`selector` does not match template `labels`"
        errors.append(
            errors_of.invalid(
                TEMPLATE.child("metadata", "labels"), internal.shown("{s", own), detail
            )
        )
    for name in ("hostname", "subdomain"):
        pod.pop(name, None)
    if claims := spec.get("volumeClaimTemplates"):
        pod["volumes"] = _with_claims(claims, pod.get("volumes") or ())
    errors += validate_template({**template, "spec": pod}, TEMPLATE)
    if own:
        errors += validate_labels(own, TEMPLATE.child("labels"))
    if annotations := meta.get("annotations"):
        errors += validate_annotations(annotations, TEMPLATE.child("annotations"))
        errors += validate_pod_annotations(annotations, pod, TEMPLATE.child("annotations"))
    return errors


def _with_claims(claims: Any, volumes: Any) -> list[Any]:
    named = dict.fromkeys((claim.get("metadata") or {}).get("name", "") for claim in claims)
    made = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in named]
    return made + [volume for volume in volumes if volume.get("name") not in named]


def _validate(obj: Obj, *, is_new: bool = True) -> Errors:
    """What may not change is judged once."""
    spec = obj["spec"]
    errors = _management(spec) + _update_strategy(spec.get("updateStrategy") or {})
    if (policy := spec.get("persistentVolumeClaimRetentionPolicy")) is not None:
        errors += _retention(policy)
    for index, claim in enumerate((spec.get("volumeClaimTemplates") or ()) if is_new else ()):
        where = SPEC.child("volumeClaimTemplates").index(index).child("spec")
        errors += validate_claim_spec(claim.get("spec") or {}, where)
    errors += workloads.not_negative(spec, ("replicas", "minReadySeconds"), SPEC)
    if (ordinals := spec.get("ordinals")) is not None:
        errors += rules.not_negative(ordinals.get("start"), SPEC.child("ordinals.start"))
    if is_new and spec.get("serviceName"):
        errors += rules.dns_label(spec["serviceName"], SPEC.child("serviceName"))

    def empty(selector: Any, path: Path) -> FieldError:
        return errors_of.invalid(path, selector, "empty selector is invalid for statefulset")

    errors += workloads.validate_selector(spec, empty)
    errors += _template(spec)
    pod = (spec.get("template") or {}).get("spec") or {}
    return errors + workloads.runs_forever(pod, "StatefulSet")


def _validate_update(obj: Obj, old: Obj) -> Errors:
    spec, before = obj["spec"], old["spec"]
    if spec == before:
        return []
    errors = _validate(obj, is_new=False)
    path = SPEC.child
    errors += rules.immutable(spec.get("selector"), before.get("selector"), path("selector"))
    layout, name = "[core.PersistentVolumeClaim", "volumeClaimTemplates"
    if (spec.get(name) or []) != (before.get(name) or []):
        shown = internal.shown(layout, spec.get(name))
        errors.append(errors_of.invalid(path(name), shown, rules.IMMUTABLE))
    for name in ("serviceName", "podManagementPolicy"):
        errors += rules.immutable(spec.get(name, ""), before.get(name, ""), path(name))
    return errors


def _validate_status(obj: Obj, old: Obj) -> Errors:
    status = obj.get("status") or {}
    replicas = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    names = ("replicas", *replicas, "observedGeneration", "collisionCount")
    errors = workloads.not_negative(status, names, STATUS)
    for name in replicas:
        detail = "cannot be greater than status.replicas"
        errors += workloads.not_above(status, name, "replicas", detail)
    detail = "cannot be greater than status.readyReplicas"
    errors += workloads.not_above(status, "availableReplicas", "readyReplicas", detail)
    return errors + rolling.decremented_collisions(status, old.get("status") or {})


def _warnings(obj: Obj, old: Obj | None) -> list[str]:
    spec = obj["spec"]
    found = workloads.warnings(obj, old)
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        where = SPEC.child("volumeClaimTemplates").index(index)
        where = where.child("Spec") if old is not None else where
        found += claim_spec_warnings(claim.get("spec") or {}, where)
    if spec.get("revisionHistoryLimit", 0) < 0:
        found.append(
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
            "a value >= 0 is recommended"
        )
    return found


STRATEGY = Strategy(
    group="apps",
    kind="StatefulSet",
    validate_name=names.dns_label,
    prepare_create=workloads.prepare_create,
    prepare_update=workloads.prepare_update,
    validate=_validate,
    validate_update=_validate_update,
    warnings=_warnings,
    has_generation=True,
    has_status=True,
    status=StatusStrategy(validate_update=_validate_status),
    scale=fields.scale(),
)
