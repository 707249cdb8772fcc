"""Deployments: whom a change concerns, and the claim on sets. Source: pkg/controller/deployment."""

from mockapi.base import tree
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects, rollout
from mockapi.controllers.claiming import Claimer
from mockapi.controllers.deployment_sync import RESOURCE, SETS, Sync, Tools
from mockapi.meta import selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

MAX_RETRIES = 15


class DeploymentController:
    name = "deployment-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.deployments = runtime.informer(RESOURCE)
        self.sets = runtime.informer(SETS)
        self.sets.index("owner", objects.by_owner)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("owner", objects.by_owner, of_status=False)
        self.resolve = base.resolver(self.deployments, "Deployment")
        self.resolve_set = base.resolver(self.sets, "ReplicaSet")
        self.queue = base.queue(runtime, self.name, self._sync_or_drop, self.deployments)
        self.tools = Tools(self.client, self.clock, self.recorder, self.queue, self.sets, self.pods)
        self.deployments.on_event(lambda event: self.queue.add(objects.key(event.object)))
        self.sets.on_event(self._set_changed)
        self.pods.on_event(self._pod_changed)

    def _set_changed(self, event: Event) -> None:
        item = event.object
        reference = objects.controller_of(item)
        before = objects.controller_of(event.old) if event.old is not None else reference
        inside = objects.namespace(item)
        moved = reference != before
        if moved and (left := self.resolve(inside, before)) is not None:
            self.queue.add(objects.key(left))
        if reference is not None:
            owner = self.resolve(inside, reference)
            if owner is not None:
                self.queue.add(objects.key(owner))
        elif event.type != "DELETED" and not objects.deleting(item):
            old = event.old
            if old is None or moved or objects.labels(old) != objects.labels(item):
                self._enqueue_selecting(item)

    def _enqueue_selecting(self, item: Obj) -> None:
        labels = objects.labels(item)
        for deployment in self.deployments.list(objects.namespace(item)) if labels else ():
            selector = selectors.from_object(deployment["spec"].get("selector"))
            if not selector.empty and selector.matches(labels):
                self.queue.add(objects.key(deployment))

    def _pod_changed(self, event: Event) -> None:
        """Recreate waits until the last old pod is gone."""
        if event.type != "DELETED":
            return
        inside = objects.namespace(event.object)
        above = self.resolve_set(inside, objects.controller_of(event.object))
        deployment = self.resolve(inside, objects.controller_of(above)) if above else None
        if deployment is not None and not rollout.is_rolling(deployment):
            self.queue.add(objects.key(deployment))

    def _sync_or_drop(self, key: str) -> None:
        """After fifteen failures, or in a dying namespace, wait for the next event."""
        try:
            self.sync(key)
        except ApiError as error:
            if base.namespace_terminating(error):
                return
            if self.queue.retries(key) >= MAX_RETRIES:
                return
            raise

    def sync(self, key: str) -> None:
        known = self.deployments.get_key(key)
        if known is None:
            return
        deployment = tree.copy(known)
        deployment.setdefault("status", {})
        if not deployment["spec"].get("selector"):
            self._selects_all(deployment)
            return
        sets = self._claim(known)
        Sync(self.tools, deployment, sets).run()

    def _selects_all(self, deployment: Obj) -> None:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self.recorder.event(deployment, "Warning", "SelectingAll", message)
        status = deployment["status"]
        if status.get("observedGeneration", 0) < objects.generation(deployment):
            new = {**status, "observedGeneration": objects.generation(deployment)}
            base.update_status(self.client, RESOURCE, deployment, new, retries=0)

    def _claim(self, deployment: Obj) -> list[Obj]:
        selector = selectors.from_object(deployment["spec"]["selector"])
        claimer = Claimer(
            self.client,
            deployment,
            RESOURCE,
            "apps/v1",
            "Deployment",
            SETS,
            lambda item: selector.matches(objects.labels(item)),
        )
        owned = self.sets.by("owner", objects.uid(deployment))
        orphans = self.sets.by("owner", f"orphan/{objects.namespace(deployment)}")
        return claimer.claim((*owned, *orphans))
