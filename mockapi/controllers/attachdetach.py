"""Attaching volumes to nodes: VolumeAttachments, and what nodes say is attached.

Source: pkg/controller/volume/attachdetach, pkg/volume/csi/csi_attacher.go. Only CSI volumes can be
attached: those of the tree itself have moved to CSI. What the real one finds out when it next
looks around is done at once.
"""

from collections.abc import Iterable, Iterator, Mapping

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import attaching, base, objects
from mockapi.controllers.attaching import ATTACH, DETACH, Actual, Key, Operation, Wanted
from mockapi.controllers.protection import CLAIMS, VOLUMES, claims_of
from mockapi.meta import csi
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

ATTACHMENTS = "storage.k8s.io/v1/volumeattachments"
DRIVERS = "storage.k8s.io/v1/csidrivers"
NODES = "v1/nodes"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
UNMOUNT_SECONDS = 360.0


def _on_node(item: Obj) -> tuple[str, ...]:
    return (item["spec"].get("nodeName") or "",)


def _using_claims(pod: Obj) -> tuple[str, ...]:
    return _on_node(pod) if claims_of(pod) else ()


class AttachDetachController:
    name = "persistentvolume-attach-detach-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "attachdetach-controller")
        self.nodes = runtime.informer(NODES)
        self.pods = runtime.informer("v1/pods")
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.drivers = runtime.informer(DRIVERS)
        self.attachments = runtime.informer(ATTACHMENTS)
        self.pods.index("using-claims-on", _using_claims)
        self.pods.index("claims", claims_of, of_status=False)
        self.actual: Actual | None = None
        self.managed: set[str] = set()
        self.wanting: dict[str, dict[str, None]] = {}
        """Nodes that want a volume, by its unique name."""
        self.operations: dict[Key, Operation] = {}
        self.told: set[tuple[str, str]] = set()
        """Node and volume of those who know that they have to wait for another node."""
        self.queue = base.queue(runtime, self.name, self.sync, self.nodes)
        self.nodes.on_event(self._node_changed)
        self.pods.on_event(self._pod_changed)
        self.claims.on_event(self._claim_changed)
        self.drivers.on_event(self._driver_changed)
        self.attachments.on_event(lambda event: self.queue.add(event.object["spec"]["nodeName"]))

    def _node_changed(self, event: Event) -> None:
        name = objects.name(event.object)
        if csi.MANAGED in objects.annotations(event.object):
            self.managed.add(name)
        if event.type == "DELETED" and not self._wanted(name):
            self.managed.discard(name)
        if self.actual is not None:
            self.actual.uses(name, objects.status(event.object).get("volumesInUse") or ())
            if event.type == "ADDED" and name in self.actual.reported:
                self.actual.unsaid.add(name)
        self.queue.add(name)

    def _pod_changed(self, event: Event) -> None:
        pod = event.object
        if objects.node_name(pod) and claims_of(pod):
            self.queue.add(objects.node_name(pod))

    def _claim_changed(self, event: Event) -> None:
        for pod in self.pods.by("claims", objects.key(event.object)):
            if objects.node_name(pod):
                self.queue.add(objects.node_name(pod))

    def _driver_changed(self, event: Event) -> None:
        for node in sorted(self.managed):
            self.queue.add(node)

    def _populated(self) -> Actual:
        """What nodes and attachments say when the controller begins."""
        actual = Actual()
        found = {}
        for attachment in self.attachments.list():
            volume = self._volume_of(attachment)
            if volume is not None:
                found[csi.unique_name(volume), attachment["spec"]["nodeName"]] = volume
        for node in self.nodes.list():
            name, status = objects.name(node), objects.status(node)
            for row in status.get("volumesAttached") or ():
                actual.put(row["name"], name, found.get((row["name"], name)), certain=True)
            actual.uses(name, status.get("volumesInUse") or ())
        for (unique, name), volume in found.items():
            if actual.place(unique, name) is None:
                actual.put(unique, name, volume, certain=False)
        for name in actual.nodes:
            self.queue.add(name)
        return actual

    def _volume_of(self, attachment: Obj) -> Obj | None:
        name = attachment["spec"]["source"].get("persistentVolumeName")
        volume = self.volumes.get("", name) if name else None
        return volume if volume is not None and "csi" in volume["spec"] else None

    def sync(self, key: str) -> None:
        if self.actual is None:
            self.actual = self._populated()
        for operation in list(self.operations.values()):
            if operation.node == key and operation.pending:
                self._follow(operation, self.actual)
        wanted = self._wanted(key)
        self._note(key, wanted)
        self._verify(key, self.actual)
        self._detach(key, wanted, self.actual)
        self._attach(key, wanted, self.actual)
        self._report(key, self.actual)

    # -- what is wanted --------------------------------------------------------------------------

    def _wanted(self, node: str) -> dict[str, Wanted]:
        """By the volume's unique name."""
        if node not in self.managed:
            return {}
        found: dict[str, tuple[Obj, list[Obj]]] = {}
        for pod in self.pods.by("using-claims-on", node):
            if not objects.pod_over(pod):
                for volume in self._attachable(pod):
                    found.setdefault(csi.unique_name(volume), (volume, []))[1].append(pod)
        return {unique: Wanted(volume, tuple(pods)) for unique, (volume, pods) in found.items()}

    def _attachable(self, pod: Obj) -> Iterator[Obj]:
        for key in claims_of(pod):
            claim = self.claims.get_key(key)
            name = claim["spec"].get("volumeName") if claim is not None else None
            volume = self.volumes.get("", name) if name else None
            if claim is None or volume is None or "csi" not in volume["spec"]:
                continue
            if objects.phase(claim) == "Bound" and self._needs_attaching(volume):
                yield volume

    def _needs_attaching(self, volume: Obj) -> bool:
        return csi.needs_attaching(self.drivers.get("", volume["spec"]["csi"]["driver"]))

    def _note(self, node: str, wanted: Mapping[str, Wanted]) -> None:
        for unique, others in list(self.wanting.items()):
            if node in others and unique not in wanted:
                del others[node]
                self.told.discard((node, unique))
                if not others:
                    del self.wanting[unique]
        for unique in wanted:
            self.wanting.setdefault(unique, {})[node] = None

    def _key(self, unique: str, node: str, volume: Obj | None) -> Key:
        return (unique, node if attaching.shared(volume) else "")

    # -- operations ------------------------------------------------------------------------------

    def _begin(self, operation: Operation, actual: Actual) -> None:
        """Another kind of operation begins without the back-off of the one before."""
        key = self._key(operation.unique, operation.node, operation.volume)
        before = self.operations.get(key)
        if before is not None and before.kind == operation.kind:
            operation.delay = before.delay
        operation.deadline = self.clock.now() + attaching.PATIENCE_SECONDS
        self.operations[key] = operation
        self.queue.add_after(operation.node, attaching.PATIENCE_SECONDS)

    def _follow(self, operation: Operation, actual: Actual) -> None:
        done, problem = operation.outcome(self.attachments.get("", operation.attachment))
        late = operation.deadline is not None and self.clock.now() >= operation.deadline
        if done:
            self._done(operation, actual)
        elif problem or late:
            self._failed(operation, problem or operation.timed_out(), actual)

    def _done(self, operation: Operation, actual: Actual) -> None:
        unique, node = operation.unique, operation.node
        del self.operations[self._key(unique, node, operation.volume)]
        if operation.kind == ATTACH:
            actual.put(unique, node, operation.volume, certain=True)
            self._tell(operation, "Normal", "AttachVolume.Attach succeeded", "")
        else:
            actual.drop(unique, node)
        self._wake(unique)

    def _failed(self, operation: Operation, problem: str, actual: Actual) -> None:
        actual.put(operation.unique, operation.node, operation.volume, certain=False)
        operation.failed(self.clock.now())
        self.queue.add_after(operation.node, operation.delay)
        if operation.kind == ATTACH:
            self._tell(operation, "Warning", "AttachVolume.Attach failed", f": {problem}")
        self._wake(operation.unique)

    def _tell(self, operation: Operation, type: str, what: str, why: str) -> None:
        reason = "SuccessfulAttachVolume" if type == "Normal" else "FailedAttachVolume"
        name = objects.name(operation.volume) if operation.volume is not None else ""
        for pod in operation.pods:
            self.recorder.event(pod, type, reason, f'{what} for volume "{name}" {why}')

    def _wake(self, unique: str) -> None:
        for node in self.wanting.get(unique, ()):
            self.queue.add(node)

    def _must_wait(self, key: Key, kind: str, node: str) -> bool:
        """Something is under way, or the last try is not long enough ago."""
        before = self.operations.get(key)
        if before is None:
            return False
        if before.pending:
            return True
        left = before.again_at - self.clock.now()
        if before.kind != kind or left <= 0:
            return False
        self.queue.add_after(node, left)
        return True

    # -- attaching -------------------------------------------------------------------------------

    def _attach(self, node: str, wanted: Mapping[str, Wanted], actual: Actual) -> None:
        for unique, one in wanted.items():
            place = actual.place(unique, node)
            key = self._key(unique, node, one.volume)
            before = self.operations.get(key)
            if before is not None and before.pending:
                continue
            if place is not None and place.certain:
                place.unwanted_since = None
            elif not self._taken(unique, node, one, actual):
                self._attach_one(key, node, one, actual)

    def _taken(self, unique: str, node: str, one: Wanted, actual: Actual) -> bool:
        """Another node has what only one may have."""
        if attaching.shared(one.volume):
            return False
        for other in actual.certainly_on(unique):
            # Detaching comes first.
            self._detach(other, self._wanted(other), actual)
        before = self.operations.get((unique, ""))
        if before is not None and before.pending:
            return True
        others = actual.certainly_on(unique)
        if others and (node, unique) not in self.told:
            self.told.add((node, unique))
            self._tell_waiting(unique, one, others)
        return bool(others)

    def _tell_waiting(self, unique: str, one: Wanted, others: Iterable[str]) -> None:
        found = (self._wanted(other).get(unique) for other in others)
        users = [pod for other in found if other is not None for pod in other.pods]
        for pod in one.pods:
            text = _why_waiting(pod, users)
            message = f'Waiting for detach for volume "{objects.name(one.volume)}" {text}'
            self.recorder.event(pod, "Warning", "FailedAttachVolume", message)

    def _attach_one(self, key: Key, node: str, one: Wanted, actual: Actual) -> None:
        if self._must_wait(key, ATTACH, node):
            return
        operation = Operation(ATTACH, key[0], node, pods=one.pods, volume=one.volume)
        self._begin(operation, actual)
        if self.attachments.get("", operation.attachment) is not None:
            self._follow(operation, actual)
            return
        try:
            self.client.create(ATTACHMENTS, "", _attachment(operation))
        except ApiError as error:
            if not base.already_exists(error):
                problem = f"kubernetes.io/csi: attacher.Attach failed: {error.message}"
                self._failed(operation, problem, actual)

    # -- detaching -------------------------------------------------------------------------------

    def _verify(self, node: str, actual: Actual) -> None:
        """Somebody else may have detached what should be there."""
        for unique, place in actual.on(node).items():
            operation = self.operations.get(self._key(unique, node, place.volume))
            if not place.certain or place.volume is None or operation is not None:
                continue
            attachment = self.attachments.get("", csi.attachment_name(unique, node))
            there = attachment is not None and objects.status(attachment).get("attached")
            if not there and self._needs_attaching(place.volume):
                actual.drop(unique, node)

    def _detach(self, node: str, wanted: Mapping[str, Wanted], actual: Actual) -> None:
        for unique, place in actual.on(node).items():
            key = self._key(unique, node, place.volume)
            if unique in wanted or self._must_wait(key, DETACH, node):
                continue
            if place.unwanted_since is None:
                place.unwanted_since = self.clock.now()
            left = place.unwanted_since + UNMOUNT_SECONDS - self.clock.now()
            if self._held(node, unique, actual, late=left <= 0):
                if left > 0:
                    self.queue.add_after(node, left)
            else:
                self._detach_one(key, node, place.volume, actual, late=left <= 0)

    def _held(self, node: str, unique: str, actual: Actual, *, late: bool) -> bool:
        if unique not in actual.in_use.get(node, ()):
            return False
        found = self.nodes.get("", node)
        ready = found is not None and objects.condition_is(found, "Ready")
        return not (late and not ready) and not _out_of_service(found)

    def _detach_one(
        self, key: Key, node: str, volume: Obj | None, actual: Actual, *, late: bool
    ) -> None:
        unique = key[0]
        was_listed = actual.unreport(unique, node)
        try:
            self._report(node, actual)
        except ApiError:
            if was_listed:
                actual.report(unique, node)
            raise
        operation = Operation(DETACH, unique, node, volume=volume)
        self._begin(operation, actual)
        safe = late or _out_of_service(self.nodes.get("", node))
        try:
            if not safe and self._really_in_use(node, unique):
                self._failed(operation, "", actual)
                return
            self.client.delete(ATTACHMENTS, "", operation.attachment)
        except ApiError as error:
            if base.not_found(error):
                self._done(operation, actual)
            else:
                self._failed(operation, "", actual)

    def _really_in_use(self, node: str, unique: str) -> bool:
        found = base.get_or_none(self.client, NODES, "", node)
        return found is not None and unique in (objects.status(found).get("volumesInUse") or ())

    def _report(self, node: str, actual: Actual) -> None:
        """Let the node's status list what is attached."""
        if node not in actual.unsaid or self.nodes.get("", node) is None:
            return
        rows = [{"name": unique, "devicePath": ""} for unique in actual.reported.get(node, ())]
        patch = {"status": {"volumesAttached": rows or None}}
        try:
            self.client.patch(
                NODES, "", node, patch, patch_type=objects.MERGE, subresource="status"
            )
        except ApiError as error:
            if not base.not_found(error):
                raise
        actual.unsaid.discard(node)


def _out_of_service(node: Obj | None) -> bool:
    taints = node["spec"].get("taints") or () if node is not None else ()
    return any(taint["key"] == OUT_OF_SERVICE for taint in taints)


def _attachment(operation: Operation) -> Obj:
    volume = operation.volume
    if volume is None:
        raise RuntimeError("only a known volume can be attached")
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": operation.attachment},
        "spec": {
            "attacher": csi.driver_of(operation.unique),
            "nodeName": operation.node,
            "source": {"persistentVolumeName": objects.name(volume)},
        },
    }


def _why_waiting(pod: Obj, users: list[Obj]) -> str:
    if not users:
        return (
            "Volume is already exclusively attached to one node, "
            "waiting on detach before it can be attached to another node"
        )
    inside = objects.namespace(pod)
    near = [objects.name(user) for user in users if objects.namespace(user) == inside]
    far = len(users) - len(near)
    if not near:
        return f"Volume is already used by {far} pod(s) in different namespaces"
    text = f"Volume is already used by pod(s) {', '.join(near)}"
    return f"{text} and {far} pod(s) in different namespaces" if far else text


class SimulatedAttacher:
    """Plays every driver's attacher: what is asked for is attached at once."""

    name = "persistentvolume-attacher-simulation"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.attachments = runtime.informer(ATTACHMENTS)
        self.queue = base.queue(runtime, self.name, self.sync, self.attachments)
        self.attachments.on_event(lambda event: self.queue.add(objects.name(event.object)))

    def sync(self, key: str) -> None:
        attachment = self.attachments.get("", key)
        if attachment is None or objects.deleting(attachment):
            return
        if not objects.status(attachment).get("attached"):
            new = objects.with_status(attachment, {"attached": True})
            self.client.update(ATTACHMENTS, "", new, subresource="status")
