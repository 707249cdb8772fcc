"""pods/eviction: delete a pod if its budgets allow.

Source: pkg/registry/core/pod/storage/eviction.go.
"""

from typing import TYPE_CHECKING

from mockapi.base.clock import timestamp
from mockapi.machinery import options as option_rules
from mockapi.machinery.bookkeeping import match_namespace
from mockapi.machinery.options import WriteOptions
from mockapi.machinery.request import Request, Result
from mockapi.machinery.resource import Obj, UserInfo
from mockapi.machinery.writing import UpdatePlan
from mockapi.meta import fields, gofmt
from mockapi.meta.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
)
from mockapi.meta.names import GroupVersionKind

if TYPE_CHECKING:
    from mockapi.machinery.options import DeleteOptions
    from mockapi.machinery.pipeline import Pipeline

_TYPE = "io.k8s.api.policy.v1.Eviction"
_SERVER = UserInfo("system:apiserver", groups=("system:masters",))
# How many granted evictions may wait until the controller has seen them.
_MOST_PENDING = 2000


class Evictions:
    """Answers creations of pods/eviction."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self.pipeline = pipeline

    def evict(self, request: Request) -> Result:
        options = option_rules.parse_write(request.query, "CreateOptions")
        kind = GroupVersionKind("policy", "v1", "Eviction")
        eviction = self.pipeline.bodies.decode(request, kind, _TYPE, options.field_validation)
        match_namespace(eviction["metadata"], request.namespace)
        if eviction["metadata"].get("name") != request.name:
            raise BadRequest("name in URL does not match name in Eviction object")
        given = eviction.get("deleteOptions") or {}
        asked = option_rules.unchecked_delete(given)
        if asked.ignore_read_error:
            raise _unreadable(request.name)
        dry_run = given.get("dryRun") or (["All"] if options.dry_run else [])
        if options.dry_run and dry_run != ["All"]:
            shown = gofmt.value(dry_run)
            text = f"Non-matching dry-run options in request and content: [All] and {shown}"
            raise ApiError(500, "", text)
        asked.dry_run = bool(dry_run)
        pod = self._pod(request)
        if not _may_go_at_once(pod):
            self._spend_budget(pod, dry_run=asked.dry_run)
        if not asked.dry_run:
            self._tell(request, pod, asked)
        option_rules.checked_delete(asked, dry_run)
        self.pipeline.deleter.delete(_like(request, "delete"), asked)
        return Result(201, _success(201))

    def _pod(self, request: Request) -> Obj:
        entry = self.pipeline.store.get(request.resource.path(request.namespace, request.name))
        if entry is None:
            raise NotFound("", "pods", request.name)
        return self.pipeline.objects.parsed(entry)

    def _tell(self, request: Request, pod: Obj, asked: "DeleteOptions") -> None:
        """Say in the pod's status why it goes. A version asked for then means the new one."""
        _check_preconditions(pod, asked)
        now = timestamp(self.pipeline.clock.now())

        def told(live: Obj | None) -> Obj:
            return _with_disruption(pod if live is None else live, now)

        plan = UpdatePlan(request.resource.strategy.status, "status", apply=True)
        status = _like(request, "update", "status")
        result = self.pipeline.writer.update(status, told, WriteOptions(), plan)
        if asked.resource_version:
            asked.resource_version = result.obj["metadata"]["resourceVersion"]

    def _spend_budget(self, pod: Obj, *, dry_run: bool) -> None:
        """Take one disruption from the pod's budget; raises TooManyRequests when it is empty."""
        budgets = self.budgets_of(pod)
        if not budgets:
            return
        if len(budgets) > 1:
            # The real handler hands a bare Status on.
            raise ApiError(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource "
                "does not support.",
            )
        budget = budgets[0]
        if _unready_may_go(pod, budget):
            return
        _check_budget(budget)
        if not dry_run:
            self._disrupt(budget, pod)

    def budgets_of(self, pod: Obj) -> list[Obj]:
        """The PodDisruptionBudgets that select a pod."""
        from_object = self.pipeline.selector_of
        labels = pod["metadata"].get("labels") or {}
        found = []
        for budget in self.pipeline.reading.list(
            "poddisruptionbudgets.policy", pod["metadata"]["namespace"]
        ):
            selector = (budget.get("spec") or {}).get("selector")
            if selector is not None and from_object(selector).matches(labels):
                found.append(budget)
        return found

    def _disrupt(self, budget: Obj, pod: Obj) -> None:
        """The server itself writes the budget's status, before the pod goes."""
        now = timestamp(self.pipeline.clock.now())
        status = dict(budget.get("status") or {})
        status["disruptionsAllowed"] = status.get("disruptionsAllowed", 0) - 1
        if not status["disruptionsAllowed"]:
            status["conditions"] = [
                _none_left(row, now) if row["type"] == "DisruptionAllowed" else row
                for row in status.get("conditions") or ()
            ]
        disrupted = dict(status.get("disruptedPods") or {})
        disrupted[pod["metadata"]["name"]] = now
        status["disruptedPods"] = disrupted
        resource = self.pipeline.registry.find("policy", "v1", "poddisruptionbudgets")
        assert resource is not None
        metadata = budget["metadata"]
        self.pipeline.handle(
            Request(
                "update",
                resource,
                metadata["namespace"],
                metadata["name"],
                subresource="status",
                user=_SERVER,
                user_agent="kube-apiserver",
                obj={**budget, "metadata": dict(metadata), "status": status},
            )
        )


def _unreadable(name: str) -> Invalid:
    path = f"deleteOptions.{option_rules.IGNORE_READ_ERROR}"
    detail = "can not be set for pod eviction, try after removing the option"
    return Invalid("policy", "Eviction", name, [fields.invalid(path, True, detail)])


def _like(request: Request, verb: str, subresource: str = "") -> Request:
    """What the eviction does to the pod is done by whoever asked for it."""
    return Request(
        verb,
        request.resource,
        request.namespace,
        request.name,
        subresource=subresource,
        user=request.user,
        user_agent=request.user_agent,
        warnings=request.warnings,
    )


def _check_preconditions(pod: Obj, asked: "DeleteOptions") -> None:
    metadata = pod["metadata"]
    for what, wanted, found, why in (
        ("UID", asked.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", asked.resource_version, metadata["resourceVersion"], "modified"),
    ):
        if wanted and wanted != found:
            raise Conflict(
                "",
                "Pod",
                metadata["name"],
                f"the {what} in the precondition ({wanted}) does not match the {what} in record "
                f"({found}). The object might have been {why}",
            )


def _with_disruption(pod: Obj, now: str) -> Obj:
    status = dict(pod.get("status") or {})
    rows = list(status.get("conditions") or ())
    known = next((row for row in rows if row["type"] == "DisruptionTarget"), None)
    since = known["lastTransitionTime"] if known and known["status"] == "True" else now
    made = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    if known is None:
        rows.append(made)
    else:
        rows[rows.index(known)] = made
    return {**pod, "metadata": dict(pod["metadata"]), "status": {**status, "conditions": rows}}


def _none_left(row: Obj, now: str) -> Obj:
    since = now if row["status"] != "False" else row["lastTransitionTime"]
    return {
        **row,
        "status": "False",
        "reason": "InsufficientPods",
        "message": "",
        "lastTransitionTime": since,
    }


def _success(code: int) -> Obj:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": code,
    }


def _may_go_at_once(pod: Obj) -> bool:
    """Pods that have ended, wait or are on their way out need no budget."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(
        pod["metadata"].get("deletionTimestamp")
    )


def _unready_may_go(pod: Obj, budget: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return False
    policy = (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy")
    if policy == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired: int = status.get("desiredHealthy", 0)
    return desired > 0 and status.get("currentHealthy", 0) >= desired


def _check_budget(budget: Obj) -> None:
    status, name = budget.get("status") or {}, budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _no_disruption(
            f"The disruption budget {name} is still being processed by the server.", retry=10
        )
    not_allowed = f"The disruption budget {name} does not allow evicting pods currently"
    if status.get("disruptionsAllowed", 0) < 0:
        raise _out_of_order(
            name,
            "pdb disruptions allowed is negative",
            f"{not_allowed}: pdb disruptions allowed is negative",
        )
    if len(status.get("disruptedPods") or ()) > _MOST_PENDING:
        raise _out_of_order(
            name,
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            f"{not_allowed}: too many pending evictions not confirmed by PDB controller",
        )
    if status.get("disruptionsAllowed", 0) == 0:
        raise _no_disruption(_why_none(status, name, not_allowed))


def _why_none(status: Obj, name: str, not_allowed: str) -> str:
    rows = (r for r in status.get("conditions") or () if r["type"] == "DisruptionAllowed")
    told = next((r for r in rows if r["status"] == "False" and r.get("message")), None)
    if told is not None and told["reason"] == "SyncFailed":
        return f"{not_allowed} because it failed sync: {told['message']}"
    desired, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    if healthy <= desired:
        return (
            f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        )
    if told is not None:
        return f"{not_allowed} ({told['reason']}): {told['message']}"
    return not_allowed


def _out_of_order(name: str, message: str, cause: str) -> Forbidden:
    error = Forbidden("policy", "poddisruptionbudget", name, message)
    causes = [{"reason": "DisruptionBudget", "message": cause}]
    error.details = {**(error.details or {}), "causes": causes}
    return error


def _no_disruption(cause: str, *, retry: int = 0) -> TooManyRequests:
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        retry_after=retry,
        causes=[{"reason": "DisruptionBudget", "message": cause}],
    )
