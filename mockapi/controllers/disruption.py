"""PodDisruptionBudgets: how many pods may be missing. Source: pkg/controller/disruption."""

from collections.abc import Iterable

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, selecting
from mockapi.controllers.autoscaling import mapping
from mockapi.controllers.rollout import scaled
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

RESOURCE = "policy/v1/poddisruptionbudgets"
DELETION_TIMEOUT = 120.0
SCALABLE = {
    "ReplicaSet": "apps/v1/replicasets",
    "StatefulSet": "apps/v1/statefulsets",
    "ReplicationController": "v1/replicationcontrollers",
    "Deployment": "apps/v1/deployments",
}


class DisruptionController:
    name = "disruption-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "controllermanager")
        self.budgets = runtime.informer(RESOURCE)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("labels", selecting.by_labels, of_status=False)
        self.owners = {kind: runtime.informer(name) for kind, name in SCALABLE.items()}
        self.queue = base.queue(runtime, self.name, self.sync, self.budgets)
        self.budgets.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.pods.on_event(self._pod_changed)

    def _pod_changed(self, event: Event) -> None:
        for pod in filter(None, (event.object, event.old)):
            for budget in self.budgets.list(objects.namespace(pod)):
                selector = selectors.from_object(budget["spec"].get("selector"))
                if selector.matches(objects.labels(pod)):
                    self.queue.add(objects.key(budget))

    def sync(self, key: str) -> None:
        budget = self.budgets.get_key(key)
        if budget is None:
            return
        try:
            self._judge(budget)
        except base.Retry as error:
            message = f"Failed to calculate the number of expected pods: {error.message}"
            self._event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
            self._failed(budget, error)

    def _judge(self, budget: Obj) -> None:
        selector = budget["spec"].get("selector")
        inside = objects.namespace(budget)
        pods = selecting.select_by(self.pods, inside, selector) if selector is not None else []
        if not pods:
            self._event(budget, "Normal", "NoPods", "No matching pods found")
        expected, desired = self._expected(budget, pods)
        disrupted, recheck = self._disrupted(budget, pods)
        healthy = sum(
            objects.pod_ready(pod) and not objects.deleting(pod)
            for pod in pods
            if objects.name(pod) not in disrupted
        )
        allowed = max(0, healthy - desired) if expected > 0 else 0
        self._write(budget, healthy, desired, expected, allowed, disrupted)
        if recheck is not None:
            self.queue.add_after(objects.key(budget), recheck)

    def _expected(self, budget: Obj, pods: list[Obj]) -> tuple[int, int]:
        """(pods there should be, pods that must stay healthy)."""
        spec = budget["spec"]
        if spec.get("maxUnavailable") is not None:
            expected = self._scale(budget, pods)
            most = scaled(spec["maxUnavailable"], expected, round_up=True)
            return expected, max(0, expected - most)
        least = spec.get("minAvailable", 0)
        if isinstance(least, int):
            return len(pods), least
        expected = self._scale(budget, pods)
        return expected, scaled(least, expected, round_up=True)

    def _scale(self, budget: Obj, pods: Iterable[Obj]) -> int:
        """The sizes of the pods' controllers, each once."""
        sizes: dict[str, int] = {}
        unmanaged = []
        for pod in pods:
            reference = objects.controller_of(pod)
            if reference is None:
                unmanaged.append(objects.name(pod))
                continue
            if reference["uid"] in sizes:
                continue
            found = self._size(objects.namespace(pod), reference)
            if found is None:
                raise base.Retry(f'found no controllers for pod "{objects.name(pod)}"')
            sizes.update([found])
        if unmanaged:
            message = (
                "Pods selected by this PodDisruptionBudget (selector: "
                f"{_go_selector(budget['spec'].get('selector'))}) were found to be "
                "unmanaged. As a result, the status of the PDB cannot be calculated correctly, "
                "which may result in undefined behavior. To account for these pods please set "
                '".spec.minAvailable" field of the PDB to an integer value.'
            )
            self._event(budget, "Warning", "UnmanagedPods", message)
        return sum(sizes.values())

    def _size(self, namespace: str, reference: Obj) -> tuple[str, int] | None:
        """The uid and the size of a pod's controller, or of the Deployment above it."""
        if reference["kind"] not in SCALABLE:
            return self._size_by_scale(namespace, reference)
        owner = self._owner(namespace, reference)
        if owner is None:
            return None
        return objects.uid(owner), int(owner["spec"].get("replicas", 1))

    def _size_by_scale(self, namespace: str, reference: Obj) -> tuple[str, int] | None:
        """Of other kinds (custom resources) the scale is asked for."""
        version, kind = reference["apiVersion"], reference["kind"]
        group = version.rpartition("/")[0]
        try:
            (resource, *_) = mapping.resources_of(self.client, group, kind)
        except mapping.NoMatch:
            message = f'no matches for kind "{kind}" in version "{version}"'
            raise base.Retry(message) from None
        try:
            scale = self.client.get(resource, namespace, reference["name"], subresource="scale")
        except ApiError as error:
            if error.code != 404:
                raise
            self._check_scalable(resource, group)
            return None
        if objects.uid(scale) != reference["uid"]:
            return None
        return objects.uid(scale), int((scale.get("spec") or {}).get("replicas", 0))

    def _check_scalable(self, resource: str, group: str) -> None:
        version, _, plural = resource.rpartition("/")
        root = "apis" if "/" in version else "api"
        rows = self.client.fetch(f"/{root}/{version}")["resources"]
        if not any(row["name"] == f"{plural}/scale" for row in rows):
            what = f"{plural}.{group}" if group else plural
            raise base.Retry(f"{what} does not implement the scale subresource")

    def _owner(self, namespace: str, reference: Obj) -> Obj | None:
        informer = self.owners.get(reference["kind"])
        found = informer.get(namespace, reference["name"]) if informer is not None else None
        if found is None or objects.uid(found) != reference["uid"]:
            return None
        above = objects.controller_of(found)
        if reference["kind"] == "ReplicaSet" and above is not None:
            return self._owner(namespace, above) or found
        return found

    def _disrupted(self, budget: Obj, pods: list[Obj]) -> tuple[dict[str, str], float | None]:
        """Pods whose eviction was granted and is not seen yet, and when to look again."""
        now = self.clock.now()
        present = {objects.name(pod): pod for pod in pods}
        kept: dict[str, str] = {}
        waits = []
        for name, moment in (objects.status(budget).get("disruptedPods") or {}).items():
            pod = present.get(name)
            left = parse_timestamp(moment) + DELETION_TIMEOUT - now
            if pod is None or objects.deleting(pod):
                continue
            if left <= 0:
                which = objects.key(budget)
                message = f"Pod was expected by PDB {which} to be deleted but it wasn't"
                self.recorder.event(pod, "Warning", "NotDeleted", message)
                continue
            kept[name] = moment
            waits.append(left)
        return kept, min(waits, default=None)

    def _write(
        self,
        budget: Obj,
        healthy: int,
        desired: int,
        expected: int,
        allowed: int,
        disrupted: dict[str, str],
    ) -> None:
        known = objects.status(budget)
        new: Obj = {
            "observedGeneration": objects.generation(budget),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
        }
        if disrupted:
            new["disruptedPods"] = disrupted
        reason = "SufficientPods" if allowed > 0 else "InsufficientPods"
        seen = objects.generation(budget)
        new["conditions"] = self._conditions(budget, str(allowed > 0), reason, "", generation=seen)
        if new != known:
            base.update_status(self.client, RESOURCE, budget, new, retries=0)

    def _failed(self, budget: Obj, error: ApiError) -> None:
        known = objects.status(budget)
        seen = known.get("observedGeneration", 0)
        conditions = self._conditions(budget, "False", "SyncFailed", error.message, generation=seen)
        new = {**known, "disruptionsAllowed": 0, "conditions": conditions}
        base.update_status(self.client, RESOURCE, budget, new, retries=0)

    def _conditions(
        self, budget: Obj, value: str, reason: str, message: str, *, generation: int
    ) -> list[Obj]:
        known = objects.condition(budget, "DisruptionAllowed")
        moment = timestamp(self.clock.now())
        if known is not None and known["status"] == value:
            moment = known["lastTransitionTime"]
        made = {
            "type": "DisruptionAllowed",
            "status": value,
            **({"observedGeneration": generation} if generation else {}),
            "lastTransitionTime": moment,
            "reason": reason,
            "message": message,
        }
        rows = objects.status(budget).get("conditions") or []
        return [*(row for row in rows if row["type"] != "DisruptionAllowed"), made]

    def _event(self, budget: Obj, type: str, reason: str, message: str) -> None:
        self.recorder.event(budget, type, reason, message)


def _go_selector(selector: Obj | None) -> str:
    """As Go prints a LabelSelector."""
    if selector is None:
        return "nil"
    labels = "".join(f"{k}: {v}," for k, v in sorted((selector.get("matchLabels") or {}).items()))
    rows = "".join(
        f"LabelSelectorRequirement{{Key:{row['key']},Operator:{row['operator']},"
        f"Values:[{' '.join(row.get('values') or ())}],}},"
        for row in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{rows}}},}}"
    )
