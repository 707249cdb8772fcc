"""Resource claims of pods: made from templates, reserved, and freed when the pods are done.

Source: pkg/controller/resourceclaim, dynamic-resource-allocation/resourceclaim.
"""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

CLAIMS = "resource.k8s.io/v1/resourceclaims"
TEMPLATES = "resource.k8s.io/v1/resourceclaimtemplates"
MANAGER = "ResourceClaimController"
POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
FINALIZER = "resource.kubernetes.io/delete-protection"
_ACCOUNT = "system:serviceaccount:kube-system:resource-claim-controller"
LONGEST_NAME = 57
MOST_CONSUMERS = 256


def _entries(pod: Obj) -> list[Obj]:
    return pod["spec"].get("resourceClaims") or []


def claim_name(pod: Obj, entry: Obj) -> str | None:
    """The claim behind an entry of a pod: "" while it is still to be made, None where none is
    needed."""
    if entry.get("resourceClaimName"):
        return str(entry["resourceClaimName"])
    for status in objects.status(pod).get("resourceClaimStatuses") or ():
        if status["name"] == entry["name"]:
            name = status.get("resourceClaimName")
            return None if name is None else str(name)
    return ""


def _claim_keys(pod: Obj) -> list[str]:
    names = [claim_name(pod, entry) for entry in _entries(pod)]
    return [f"{objects.namespace(pod)}/{name}" for name in names if name]


def _needs_claims(pod: Obj) -> bool:
    """The pod runs or may still run."""
    if objects.pod_finished(pod):
        return False
    return not (objects.deleting(pod) and not objects.node_name(pod))


class ResourceClaimController:
    name = "resourceclaim-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = runtime.client(base.MANAGER, user=_ACCOUNT)
        self.recorder = base.recorder(runtime, "resource_claim")
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.templates = runtime.informer(TEMPLATES)
        self.pods.index("resource-claims", _claim_keys)
        self.pods.index("resource-templates", _template_keys, of_status=False)
        self.queue = base.queue(runtime, self.name, self.sync_pod, self.pods)
        self.claim_queue = base.queue(runtime, f"{self.name}-claims", self.sync_claim, self.claims)
        self.pods.on_event(self._pod_changed)
        self.claims.on_event(self._claim_changed)
        self.templates.on_event(self._template_changed)

    def _pod_changed(self, event: Event) -> None:
        pod = event.object
        if not _entries(pod):
            return
        if event.type == "DELETED" or not _needs_claims(pod):
            for key in _claim_keys(pod):
                self.claim_queue.add(key)
        if event.type != "DELETED" and not objects.deleting(pod):
            self.queue.add(objects.key(pod))

    def _claim_changed(self, event: Event) -> None:
        key = objects.key(event.object)
        if event.type != "DELETED":
            self.claim_queue.add(key)
        for pod in self.pods.by("resource-claims", key):
            self.queue.add(objects.key(pod))

    def _template_changed(self, event: Event) -> None:
        if event.type != "DELETED":
            for pod in self.pods.by("resource-templates", objects.key(event.object)):
                self.queue.add(objects.key(pod))

    # -- pods ------------------------------------------------------------------------------------

    def sync_pod(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is None or objects.deleting(pod) or objects.pod_finished(pod):
            return
        made: dict[str, str] = {}
        for entry in _entries(pod):
            try:
                self._ensure(pod, entry, made)
            except ApiError as error:
                text = f"PodResourceClaim {entry['name']}: {error.message}"
                self.recorder.event(pod, "Warning", "FailedResourceClaimCreation", text)
                raise
        if made:
            self._tell(pod, made)
        elif objects.node_name(pod):
            for entry in _entries(pod):
                self._reserve(pod, entry)

    def _ensure(self, pod: Obj, entry: Obj, made: dict[str, str]) -> None:
        name, inside = claim_name(pod, entry), objects.namespace(pod)
        template_name = entry.get("resourceClaimTemplateName")
        if name is None or template_name is None:
            return
        if name:
            known = base.get_or_none(self.client, CLAIMS, inside, name)
            if known is not None and objects.controlled_by(known, pod):
                return
        claim = self._made_before(pod, entry)
        if claim is None:
            template = self.templates.get(inside, template_name)
            if template is None:
                text = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
                raise base.Retry(f'resource claim template "{template_name}": {text}')
            claim = self.client.create(CLAIMS, inside, _from_template(pod, entry, template))
        made[entry["name"]] = objects.name(claim)

    def _made_before(self, pod: Obj, entry: Obj) -> Obj | None:
        for claim in self.claims.list(objects.namespace(pod)):
            mine = objects.annotations(claim).get(POD_CLAIM) == entry["name"]
            if mine and objects.controlled_by(claim, pod):
                return claim
        return None

    def _tell(self, pod: Obj, made: dict[str, str]) -> None:
        """The pod's status names the claims that were made."""
        known = {
            row["name"]: row["resourceClaimName"]
            for row in objects.status(pod).get("resourceClaimStatuses") or ()
            if row.get("resourceClaimName") is not None
        }
        both = {**known, **made}
        rows = [{"name": name, "resourceClaimName": both[name]} for name in sorted(both)]
        inside, name = objects.namespace(pod), objects.name(pod)
        applied = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": inside},
            "status": {"resourceClaimStatuses": rows},
        }
        self.client.apply("v1/pods", inside, name, applied, manager=MANAGER, subresource="status")

    def _reserve(self, pod: Obj, entry: Obj) -> None:
        """For a pod that was bound by something that knows nothing of claims."""
        name = claim_name(pod, entry)
        claim = self.claims.get(objects.namespace(pod), name) if name else None
        if claim is None:
            return
        status = objects.status(claim)
        consumers = status.get("reservedFor") or []
        held = any(row["uid"] == objects.uid(pod) for row in consumers)
        if status.get("allocation") is None or held or len(consumers) >= MOST_CONSUMERS:
            return
        mine = {"resource": "pods", "name": objects.name(pod), "uid": objects.uid(pod)}
        new = objects.with_status(claim, {**status, "reservedFor": [*consumers, mine]})
        self.client.update(CLAIMS, objects.namespace(claim), new, subresource="status")

    # -- claims ----------------------------------------------------------------------------------

    def sync_claim(self, key: str) -> None:
        claim = self.claims.get_key(key)
        if claim is None:
            return
        status = objects.status(claim)
        consumers = status.get("reservedFor") or []
        left = [row for row in consumers if self._still_uses(claim, row)]
        if len(left) < len(consumers):
            claim = self._free(claim, left)
        elif FINALIZER in objects.finalizers(claim) and objects.deleting(claim) and not left:
            if status.get("allocation") is not None:
                claim = self._free(claim, left)
            else:
                self._release(claim)
        if not left:
            self._delete_unused(claim)

    def _still_uses(self, claim: Obj, row: Obj) -> bool:
        if row.get("apiGroup") or row.get("resource") != "pods":
            return True
        pod = self.pods.get(objects.namespace(claim), row["name"])
        if pod is None or objects.uid(pod) != row["uid"]:
            return False
        return _needs_claims(pod)

    def _free(self, claim: Obj, left: list[Obj]) -> Obj:
        status = {**objects.status(claim), "reservedFor": left}
        ours = FINALIZER in objects.finalizers(claim)
        if not left and ours:
            status.pop("allocation", None)
        new = objects.with_status(claim, status)
        claim = self.client.update(CLAIMS, objects.namespace(claim), new, subresource="status")
        if ours and objects.status(claim).get("allocation") is None:
            self._release(claim)
        return claim

    def _release(self, claim: Obj) -> None:
        left = [name for name in objects.finalizers(claim) if name != FINALIZER]
        changed = objects.with_metadata(claim, finalizers=left)
        self.client.update(CLAIMS, objects.namespace(claim), changed)

    def _delete_unused(self, claim: Obj) -> None:
        """Claims that were made for a pod go when it is done."""
        owner = objects.controller_of(claim)
        if owner is None or owner.get("kind") != "Pod" or owner.get("apiVersion") != "v1":
            return
        pod = self.pods.get(objects.namespace(claim), owner["name"])
        if pod is not None and (objects.uid(pod) != owner["uid"] or not _needs_claims(pod)):
            base.delete_if_there(self.client, CLAIMS, claim)


def _template_keys(pod: Obj) -> list[str]:
    names = [entry.get("resourceClaimTemplateName") for entry in _entries(pod)]
    return [f"{objects.namespace(pod)}/{name}" for name in names if name]


def _from_template(pod: Obj, entry: Obj, template: Obj) -> Obj:
    metadata = (template["spec"].get("metadata")) or {}
    owner = objects.controller_reference(pod, "v1", "Pod")
    del owner["blockOwnerDeletion"]
    made: Obj = {
        "generateName": _generate_name(objects.name(pod), entry["name"]),
        "ownerReferences": [owner],
        "annotations": {**(metadata.get("annotations") or {}), POD_CLAIM: entry["name"]},
    }
    if metadata.get("labels"):
        made["labels"] = metadata["labels"]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": made,
        "spec": template["spec"].get("spec") or {},
    }


def _generate_name(pod: str, entry: str) -> str:
    """As long as five more characters let it be a label's value, shortened evenly."""
    name = f"{pod}-{entry}-"
    if len(name) <= LONGEST_NAME:
        return name
    whole = len(name)
    short = pod[: len(pod) * LONGEST_NAME // whole]
    return f"{short}-{entry[: len(entry) * LONGEST_NAME // whole]}-"
