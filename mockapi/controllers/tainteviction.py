"""Eviction of pods from nodes with NoExecute taints. Source: pkg/controller/tainteviction."""

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, disruptions, objects, taints
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime


class TaintEvictionController:
    name = "taint-eviction-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, self.name)
        self.pods = runtime.informer("v1/pods")
        self.pods.index("node", by_node, of_status=False)
        self.nodes = runtime.informer("v1/nodes")
        self.due: dict[str, tuple[float, float]] = {}
        """Pods marked for deletion: since when, and the moment they are due."""
        self.node_queue = base.queue(runtime, self.name, self._node, self.nodes)
        self.pod_queue = base.queue(runtime, self.name, self._pod, self.pods, part="pods")
        self.nodes.on_event(self._node_changed)
        self.pods.on_event(self._pod_changed)

    def _node_changed(self, event: Event) -> None:
        before = taints.no_execute(event.old) if event.old is not None else []
        if before != taints.no_execute(event.object) or event.type != "MODIFIED":
            self.node_queue.add(objects.name(event.object))

    def _pod_changed(self, event: Event) -> None:
        pod, old = event.object, event.old
        if event.type == "MODIFIED" and old is not None:
            same_node = objects.node_name(pod) == objects.node_name(old)
            if same_node and pod["spec"].get("tolerations") == old["spec"].get("tolerations"):
                return
        self.pod_queue.add(objects.key(pod))

    def _node(self, key: str) -> None:
        node = self.nodes.get("", key)
        if node is None:
            return
        bad = taints.no_execute(node)
        now = self.clock.now()
        for pod in self.pods.by("node", key):
            if bad:
                self._judge(pod, bad, now)
            else:
                self._cancel(objects.key(pod))

    def _pod(self, key: str) -> None:
        pod = self.pods.get_key(key)
        if pod is None:
            self._cancel(key)
            return
        due = self.due.get(key)
        now = self.clock.now()
        if due is not None and due[1] <= now:
            self._evict(key, pod)
            return
        node = self.nodes.get("", objects.node_name(pod))
        bad = taints.no_execute(node) if node is not None else []
        if bad:
            self._judge(pod, bad, now)

    def _judge(self, pod: Obj, bad: list[Obj], now: float) -> None:
        """Evict at once, after the shortest tolerationSeconds, or never."""
        key = objects.key(pod)
        used = taints.matching(bad, pod["spec"].get("tolerations") or [])
        if used is None:
            self._cancel(key)
            self.due[key] = (now, now)
            self._evict(key, pod)
            return
        seconds = taints.patience(used)
        if seconds is None:
            self._cancel(key)
            return
        since = now
        known = self.due.get(key)
        if known is not None:
            since = known[0]
            if since + seconds < now + seconds:
                return
            self._cancel(key)
        self.due[key] = (since, since + seconds)
        self.pod_queue.add_after(key, since + seconds - now)

    def _evict(self, key: str, pod: Obj) -> None:
        self._event(key, "Marking for deletion Pod")
        self.due.pop(key, None)
        inside, name = objects.split_key(key)
        try:
            disruptions.mark(
                self.client,
                pod,
                self.clock.now(),
                "DeletionByTaintManager",
                "Taint manager: deleting due to NoExecute taint",
            )
            self.client.delete("v1/pods", inside, name)
        except ApiError as error:
            if not base.not_found(error):
                self.due[key] = (self.clock.now(), self.clock.now())
                raise

    def _cancel(self, key: str) -> None:
        if self.due.pop(key, None) is not None:
            self._event(key, "Cancelling deletion of Pod")

    def _event(self, key: str, what: str) -> None:
        inside, name = objects.split_key(key)
        about = {"apiVersion": "v1", "kind": "Pod", "namespace": inside, "name": name}
        self.recorder.event_about(about, "Normal", "TaintManagerEviction", f"{what} {key}")


def by_node(pod: Obj) -> tuple[str, ...]:
    node = objects.node_name(pod)
    return (node,) if node else ()
