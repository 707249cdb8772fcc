"""Controllers that are a few lines each: addresses of load balancers, aggregated roles, pod CIDRs.

Sources: cloud-provider's service controller, pkg/controller/clusterroleaggregation, nodeipam.
"""

import ipaddress
import json

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.meta import selectors
from mockapi.runtime.loop import Runtime

SERVICES = "v1/services"
ROLES = "rbac.authorization.k8s.io/v1/clusterroles"
LB_FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
LB_RANGE = ipaddress.ip_network("203.0.113.0/24")
POD_RANGE = ipaddress.ip_network("10.244.0.0/16")


class ServiceLBController:
    """Gives every Service of type LoadBalancer an address, as a cloud would."""

    name = "service-lb-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "service-controller")
        self.services = runtime.informer(SERVICES)
        self.queue = base.queue(runtime, self.name, self.sync, self.services)
        self.services.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        service = event.object
        ours = _balanced(service) or LB_FINALIZER in objects.finalizers(service)
        if ours and event.type != "DELETED":
            self.queue.add(objects.key(service))

    def sync(self, key: str) -> None:
        service = self.services.get_key(key)
        if service is None:
            return
        wanted = _balanced(service) and not objects.deleting(service)
        if wanted:
            self._ensure(service)
        elif LB_FINALIZER in objects.finalizers(service):
            self._remove(service)

    def _ensure(self, service: Obj) -> None:
        held = objects.finalizers(service)
        known = (objects.status(service).get("loadBalancer") or {}).get("ingress")
        if known and LB_FINALIZER in held:
            return
        self.recorder.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
        if LB_FINALIZER not in held:
            service = self._patch(service, {"metadata": {"finalizers": [*held, LB_FINALIZER]}})
        if not known:
            ingress = [{"ip": self._free(service), "ipMode": "VIP"}]
            self._patch(service, {"status": {"loadBalancer": {"ingress": ingress}}}, "status")
        self.recorder.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")

    def _remove(self, service: Obj) -> None:
        self.recorder.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        if objects.status(service).get("loadBalancer"):
            service = self._patch(service, {"status": {"loadBalancer": None}}, "status")
        left = [name for name in objects.finalizers(service) if name != LB_FINALIZER]
        self._patch(service, {"metadata": {"finalizers": left or None}})
        self.recorder.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")

    def _free(self, service: Obj) -> str:
        asked = service["spec"].get("loadBalancerIP")
        if asked:
            return str(asked)
        taken = {
            row.get("ip")
            for other in self.services.list()
            for row in (objects.status(other).get("loadBalancer") or {}).get("ingress") or ()
        }
        for address in LB_RANGE.hosts():
            if str(address) not in taken:
                return str(address)
        raise base.Retry(f"no address is left in {LB_RANGE}")

    def _patch(self, service: Obj, patch: Obj, subresource: str = "") -> Obj:
        return self.client.patch(
            SERVICES,
            objects.namespace(service),
            objects.name(service),
            patch,
            patch_type=objects.MERGE,
            subresource=subresource,
        )


def _balanced(service: Obj) -> bool:
    spec = service["spec"]
    return bool(spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass"))


class ClusterRoleAggregationController:
    """Fills the rules of roles that aggregate others by label."""

    name = "clusterrole-aggregation-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.roles = runtime.informer(ROLES)
        self.roles.index("aggregates", lambda r: ("yes",) if r.get("aggregationRule") else ())
        self.queue = base.queue(runtime, self.name, self.sync, self.roles)
        self.roles.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        for role in self.roles.by("aggregates", "yes"):
            self.queue.add(objects.name(role))

    def sync(self, key: str) -> None:
        role = self.roles.get("", key)
        if role is None or not role.get("aggregationRule"):
            return
        rules: list[Obj] = []
        seen: set[str] = set()
        for wanted in role["aggregationRule"].get("clusterRoleSelectors") or ():
            selector = selectors.from_object(wanted)
            found = [r for r in self.roles.list() if selector.matches(objects.labels(r))]
            for other in sorted(found, key=objects.name):
                for rule in other.get("rules") or () if objects.name(other) != key else ():
                    text = json.dumps(rule, sort_keys=True)
                    if text not in seen:
                        seen.add(text)
                        rules.append(rule)
        if rules != (role.get("rules") or []):
            applied: Obj = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": key},
            }
            if rules:
                applied["rules"] = rules
            self.client.apply(ROLES, "", key, applied, manager=self.name)


class NodeIPAMController:
    """Gives each node its range of pod addresses."""

    name = "node-ipam-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.recorder = base.recorder(runtime, "cidrAllocator")
        self.nodes = runtime.informer("v1/nodes")
        self.nodes.index("podCIDR", lambda node: (node["spec"].get("podCIDR") or "",))
        self._subnets = [str(subnet) for subnet in POD_RANGE.subnets(new_prefix=24)]
        self._next = 0
        self.queue = base.queue(runtime, self.name, self.sync, self.nodes)
        self.nodes.on_event(lambda event: self.queue.add(objects.name(event.object)))

    def _free(self) -> str:
        """The next range that no node has, going round from the last one given, as the real
        cidrset does; empty when there is none."""
        for step in range(len(self._subnets)):
            index = (self._next + step) % len(self._subnets)
            if not self.nodes.by("podCIDR", self._subnets[index]):
                self._next = index + 1
                return self._subnets[index]
        return ""

    def sync(self, key: str) -> None:
        node = self.nodes.get("", key)
        if node is None or node["spec"].get("podCIDR"):
            return
        subnet = self._free()
        if subnet:
            patch = {"spec": {"podCIDR": subnet, "podCIDRs": [subnet]}}
            self.client.patch("v1/nodes", "", key, patch, patch_type=objects.STRATEGIC)
            return
        about = {"apiVersion": "v1", "kind": "Node", "name": key, "uid": objects.uid(node)}
        message = f"Node {key} status is now: CIDRNotAvailable"
        self.recorder.event_about(about, "Normal", "CIDRNotAvailable", message)


class TTLController:
    """Tells kubelets how long they may cache, by the size of the cluster."""

    name = "ttl-controller"
    ANNOTATION = "node.alpha.kubernetes.io/ttl"
    BOUNDS = ((100, 0), (500, 15), (1000, 30), (2000, 60), (10000, 300))

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.nodes = runtime.informer("v1/nodes")
        self.queue = base.queue(runtime, self.name, self.sync, self.nodes)
        self.nodes.on_event(lambda event: self.queue.add(objects.name(event.object)))

    def sync(self, key: str) -> None:
        node = self.nodes.get("", key)
        if node is None:
            return
        size = len(self.nodes)
        seconds = next((ttl for most, ttl in self.BOUNDS if size <= most), 300)
        if objects.annotations(node).get(self.ANNOTATION) != str(seconds):
            patch = {"metadata": {"annotations": {self.ANNOTATION: str(seconds)}}}
            self.client.patch("v1/nodes", "", key, patch, patch_type=objects.STRATEGIC)
