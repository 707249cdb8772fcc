"""Random small clusters and one pod to place: every rule of the scheduler, alone and together."""

import random
from collections.abc import Callable
from typing import Any

from tests.scenarios.scheduler import devices

Obj = dict[str, Any]
Case = dict[str, Any]

ZONES = ("a", "b", "c")
ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
APPS = ("web", "db", "cache")
TIERS = ("front", "back")
NAMESPACES = ("default", "prod", "test")
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Maker:
    """Makes the objects of one case from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.objects: list[Obj] = []
        self.nodes: list[Obj] = []
        self._count = 0

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def some(self, choices: Any, least: int = 0) -> list[Any]:
        listed = list(choices)
        return self.random.sample(listed, self.random.randint(least, len(listed)))

    def add(self, obj: Obj) -> Obj:
        self.objects.append(obj)
        return obj

    def uid(self) -> str:
        self._count += 1
        return f"00000000-0000-4000-8000-{self._count:012d}"

    # Objects

    def namespaces(self) -> None:
        for name in NAMESPACES:
            labels = {"kubernetes.io/metadata.name": name, "env": name[:4]}
            if self.chance(0.5):
                labels["team"] = self.pick("red", "blue")
            self.add(_object("v1", "Namespace", name, labels=labels))

    def node(self, name: str) -> Obj:
        labels = {HOST: name, "disk": self.pick("ssd", "hdd"), "rank": str(self.pick(1, 5, 10))}
        if self.chance(0.85):
            labels[ZONE] = self.pick(*ZONES)
        if self.chance(0.3):
            labels["topology.kubernetes.io/region"] = self.pick("r1", "r2")
        allocatable = {
            "cpu": self.pick("1", "2", "4", "1500m", "3900m"),
            "memory": self.pick("1Gi", "2Gi", "4Gi", "8000Mi", "16123456Ki"),
            "pods": str(self.pick(3, 5, 110)),
            "ephemeral-storage": self.pick("10Gi", "50Gi"),
        }
        if self.chance(0.3):
            allocatable["example.com/gpu"] = str(self.pick(1, 2, 4))
        if self.chance(0.2):
            allocatable["hugepages-2Mi"] = self.pick("64Mi", "128Mi")
        node = _object("v1", "Node", name, labels=labels)
        node |= {"spec": {}, "status": {"allocatable": allocatable, "capacity": allocatable}}
        self.nodes.append(node)
        return self.add(node)

    def many_nodes(self, least: int = 1, most: int = 6) -> None:
        for index in range(self.random.randint(least, most)):
            self.node(f"n{index}")

    def requests(self, *, large: bool = False) -> Obj:
        wanted: Obj = {}
        if self.chance(0.7):
            wanted["cpu"] = self.pick("100m", "250m", "500m", "1", *(("2", "3") if large else ()))
        if self.chance(0.7):
            wanted["memory"] = self.pick(
                "64Mi", "256Mi", "500M", "1Gi", *(("3Gi",) if large else ())
            )
        if self.chance(0.1):
            wanted["ephemeral-storage"] = self.pick("1Gi", "20Gi")
        if self.chance(0.1):
            wanted["example.com/gpu"] = str(self.pick(1, 2))
        return {"requests": wanted} if wanted else {}

    def container(self, name: str, *, large: bool = False) -> Obj:
        resources = self.requests(large=large)
        return {
            "name": name,
            "image": self.pick("nginx", "redis:7", "registry.io/app:v1", "big@sha256:0123"),
            "resources": resources,
        }

    def labels(self) -> dict[str, str]:
        labels = {"app": self.pick(*APPS)}
        if self.chance(0.5):
            labels["tier"] = self.pick(*TIERS)
        return labels

    def pod(self, name: str, node: str = "", *, namespace: str = "", large: bool = False) -> Obj:
        space = namespace or self.pick("default", "default", *NAMESPACES)
        pod = _object("v1", "Pod", name, namespace=space, labels=self.labels())
        pod["metadata"]["uid"] = self.uid()
        pod["spec"] = {
            "containers": [self.container("c0", large=large)],
            "schedulerName": "default-scheduler",
        }
        pod["status"] = {"phase": "Pending"}
        if node:
            pod["spec"]["nodeName"] = node
            minute = self.random.randint(0, 59)
            pod["status"] = {"phase": "Running", "startTime": f"2026-01-01T00:{minute:02d}:00Z"}
        return self.add(pod)

    def running(self, least: int = 0, most: int = 12) -> list[Obj]:
        pods = []
        for index in range(self.random.randint(least, most)):
            node = self.pick(*self.nodes)["metadata"]["name"]
            pods.append(self.pod(f"r{index}", node))
        return pods

    # Parts of pods

    def taints(self) -> list[Obj]:
        keys = self.some(("dedicated", "gpu", "node.kubernetes.io/not-ready"))
        taints = []
        for key in keys:
            taint = {"key": key, "effect": self.pick("NoSchedule", "NoExecute", "PreferNoSchedule")}
            if self.chance(0.6):
                taint["value"] = self.pick("x", "y")
            taints.append(taint)
        return taints

    def tolerations(self) -> list[Obj]:
        found = []
        for _ in range(self.random.randint(0, 3)):
            toleration: Obj = {}
            if self.chance(0.85):
                toleration["key"] = self.pick("dedicated", "gpu", "node.kubernetes.io/not-ready")
            operator = self.pick("Exists", "Equal", "") if "key" in toleration else "Exists"
            if operator:
                toleration["operator"] = operator
            if operator != "Exists" and self.chance(0.8):
                toleration["value"] = self.pick("x", "y")
            if self.chance(0.7):
                toleration["effect"] = self.pick("NoSchedule", "NoExecute", "PreferNoSchedule")
            found.append(toleration)
        if self.chance(0.1):
            found.append({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"})
        return found

    def node_term(self) -> Obj:
        term: Obj = {}
        expressions = []
        for _ in range(self.random.randint(0, 2)):
            operator = self.pick("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
            if operator in ("Gt", "Lt"):
                expressions.append(
                    {"key": "rank", "operator": operator, "values": [self.pick("1", "4", "5")]}
                )
                continue
            key = self.pick("disk", ZONE, "missing")
            expression: Obj = {"key": key, "operator": operator}
            if operator in ("In", "NotIn"):
                values = ("ssd", "hdd") if key == "disk" else ZONES
                expression["values"] = self.some(values, 1)
            expressions.append(expression)
        if expressions:
            term["matchExpressions"] = expressions
        if self.chance(0.25):
            names = [node["metadata"]["name"] for node in self.nodes] + ["n9"]
            operator = self.pick("In", "In", "NotIn")
            term["matchFields"] = [
                {"key": "metadata.name", "operator": operator, "values": [self.pick(*names)]}
            ]
        return term

    def node_affinity(self) -> Obj:
        found: Obj = {}
        if self.chance(0.7):
            count = self.random.randint(1, 3)
            terms = [self.node_term() for _ in range(count)]
            found[REQUIRED] = {"nodeSelectorTerms": terms}
        if self.chance(0.5):
            found[PREFERRED] = [
                {"weight": self.random.randint(1, 100), "preference": self.node_term()}
                for _ in range(self.random.randint(1, 3))
            ]
        return found

    def label_selector(self) -> Obj | None:
        if self.chance(0.05):
            return None
        if self.chance(0.05):
            return {}
        selector: Obj = {}
        if self.chance(0.7):
            selector["matchLabels"] = {"app": self.pick(*APPS)}
        if self.chance(0.4) or not selector:
            operator = self.pick("In", "NotIn", "Exists", "DoesNotExist")
            expression: Obj = {"key": "tier", "operator": operator}
            if operator in ("In", "NotIn"):
                expression["values"] = self.some(TIERS, 1)
            selector["matchExpressions"] = [expression]
        return selector

    def pod_term(self) -> Obj:
        term: Obj = {"topologyKey": self.pick(HOST, ZONE, ZONE, "disk", "missing")}
        selector = self.label_selector()
        if selector is not None:
            term["labelSelector"] = selector
        if self.chance(0.3):
            term["namespaces"] = self.some(NAMESPACES, 1)
        if self.chance(0.3):
            term["namespaceSelector"] = self.pick(
                {}, {"matchLabels": {"team": "red"}}, {"matchLabels": {"env": "prod"}}
            )
        return term

    def pod_affinity(self, *, strict: float = 0.5) -> Obj:
        found: Obj = {}
        if self.chance(strict):
            found[REQUIRED] = [self.pod_term() for _ in range(self.random.randint(1, 2))]
        if self.chance(0.5):
            found[PREFERRED] = [
                {"weight": self.random.randint(1, 100), "podAffinityTerm": self.pod_term()}
                for _ in range(self.random.randint(1, 2))
            ]
        return found

    def spread(self) -> list[Obj]:
        constraints = []
        for _ in range(self.random.randint(1, 3)):
            hard = self.chance(0.6)
            constraint: Obj = {
                "maxSkew": self.random.randint(1, 3),
                "topologyKey": self.pick(
                    HOST, ZONE, ZONE, "disk", "missing" if self.chance(0.2) else ZONE
                ),
                "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
            }
            selector = self.label_selector()
            if selector is not None:
                constraint["labelSelector"] = selector
            if hard and self.chance(0.3):
                constraint["minDomains"] = self.random.randint(1, 5)
            if self.chance(0.3):
                constraint["nodeAffinityPolicy"] = self.pick("Honor", "Ignore")
            if self.chance(0.4):
                constraint["nodeTaintsPolicy"] = self.pick("Honor", "Ignore")
            if self.chance(0.3):
                constraint["matchLabelKeys"] = self.some(("tier", "absent"), 1)
            constraints.append(constraint)
        return constraints


def _object(
    api: str, kind: str, name: str, *, namespace: str = "", labels: dict[str, str] | None = None
) -> Obj:
    metadata: Obj = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


# Themes


def resources(m: Maker) -> Obj:
    """Requests of all kinds: several containers, init containers, sidecars, overhead, pod level."""
    m.many_nodes()
    for pod in m.running():
        _complicate(m, pod)
    pod = m.pod("target", large=True)
    _complicate(m, pod)
    return pod


def _complicate(m: Maker, pod: Obj) -> None:
    spec = pod["spec"]
    for index in range(m.random.randint(0, 2)):
        spec["containers"].append(m.container(f"c{index + 1}"))
    if m.chance(0.4):
        spec["initContainers"] = []
        for index in range(m.random.randint(1, 3)):
            container = m.container(f"i{index}", large=m.chance(0.3))
            if m.chance(0.4):
                container["restartPolicy"] = "Always"
            spec["initContainers"].append(container)
    if m.chance(0.2):
        spec["overhead"] = {"cpu": m.pick("10m", "333m"), "memory": "10Mi"}
    if m.chance(0.2):
        spec["resources"] = {"requests": {m.pick("cpu", "memory"): m.pick("1", "2")}}
    if m.chance(0.1):
        spec["containers"][0]["resources"] = {"requests": {"hugepages-2Mi": "64Mi", "cpu": "0.5"}}
    if spec.get("nodeName") and m.chance(0.3):
        pod["status"]["containerStatuses"] = [_container_status(m, c) for c in spec["containers"]]


def _container_status(m: Maker, container: Obj) -> Obj:
    status: Obj = {
        "name": container["name"],
        "image": "i",
        "imageID": "",
        "ready": True,
        "restartCount": 0,
    }
    if m.chance(0.6):
        status["allocatedResources"] = {"cpu": m.pick("100m", "800m"), "memory": "100Mi"}
    if m.chance(0.6):
        status["resources"] = {"requests": {"cpu": m.pick("50m", "1200m")}}
    return status


def taints(m: Maker) -> Obj:
    """Taints, cordoned nodes and tolerations."""
    m.many_nodes()
    for node in m.nodes:
        if m.chance(0.7):
            node["spec"]["taints"] = m.taints()
        if m.chance(0.2):
            node["spec"]["unschedulable"] = True
    m.running(0, 4)
    pod = m.pod("target")
    pod["spec"]["tolerations"] = m.tolerations()
    return pod


def node_affinity(m: Maker) -> Obj:
    """Node selectors, required and preferred node affinity."""
    m.many_nodes()
    m.running(0, 4)
    pod = m.pod("target")
    if m.chance(0.4):
        pod["spec"]["nodeSelector"] = {m.pick("disk", ZONE): m.pick("ssd", "a", "b")}
    pod["spec"]["affinity"] = {"nodeAffinity": m.node_affinity()}
    return pod


def ports(m: Maker) -> Obj:
    """Host ports on some or all addresses."""
    m.many_nodes(1, 4)
    for pod in [*m.running(0, 8), m.pod("target")]:
        for index in range(m.random.randint(0, 2)):
            port: Obj = {
                "containerPort": 80 + index,
                "hostPort": m.pick(8080, 8081),
                "protocol": m.pick("TCP", "UDP"),
            }
            if m.chance(0.4):
                port["hostIP"] = m.pick("127.0.0.1", "10.0.0.1", "0.0.0.0")
            pod["spec"]["containers"][0].setdefault("ports", []).append(port)
    return m.objects[-1]


def pod_affinity(m: Maker) -> Obj:
    """Affinity and anti-affinity between pods, from both sides."""
    m.namespaces()
    m.many_nodes(1, 6)
    for pod in m.running(0, 10):
        if m.chance(0.4):
            pod["spec"]["affinity"] = {
                m.pick("podAffinity", "podAntiAffinity"): m.pod_affinity(strict=0.6)
            }
    pod = m.pod("target")
    kinds = m.some(("podAffinity", "podAntiAffinity"))
    if kinds:
        pod["spec"]["affinity"] = {kind: m.pod_affinity() for kind in kinds}
    return pod


def spread(m: Maker) -> Obj:
    """Topology spread constraints with all policies."""
    m.many_nodes(1, 7)
    for node in m.nodes:
        if m.chance(0.2):
            node["spec"]["taints"] = m.taints()
    for pod in m.running(0, 14):
        if m.chance(0.1):
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
            pod["metadata"]["deletionGracePeriodSeconds"] = 30
    pod = m.pod("target")
    pod["spec"]["topologySpreadConstraints"] = m.spread()
    if m.chance(0.3):
        pod["spec"]["affinity"] = {"nodeAffinity": m.node_affinity()}
    if m.chance(0.3):
        pod["spec"]["tolerations"] = m.tolerations()
    return pod


def default_spread(m: Maker) -> Obj:
    """The default constraints over the pods of services and owners."""
    m.many_nodes(2, 7)
    m.running(0, 14)
    pod = m.pod("target", namespace="default")
    for index in range(m.random.randint(0, 2)):
        service = _object("v1", "Service", f"s{index}", namespace=m.pick("default", "prod"))
        service["spec"] = {"selector": {"app": m.pick(*APPS)}}
        if m.chance(0.3):
            service["spec"]["selector"]["tier"] = m.pick(*TIERS)
        if m.chance(0.2):
            del service["spec"]["selector"]
        m.add(service)
    owner = m.pick(None, "ReplicaSet", "StatefulSet", "ReplicationController", "Job")
    if owner is not None:
        _own(m, pod, owner)
    return pod


def _own(m: Maker, pod: Obj, kind: str) -> None:
    api = {"ReplicationController": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
    reference = {
        "apiVersion": api,
        "kind": kind,
        "name": "owner",
        "uid": m.uid(),
        "controller": True,
    }
    pod["metadata"]["ownerReferences"] = [reference]
    if kind == "Job" or m.chance(0.1):
        return
    selector: Obj = {"app": pod["metadata"]["labels"]["app"]}
    owner = _object(api, kind, "owner", namespace="default")
    template = {
        "metadata": {"labels": selector},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    owner["spec"] = {
        "selector": selector if api == "v1" else {"matchLabels": selector},
        "template": template,
    }
    if kind == "StatefulSet":
        owner["spec"]["serviceName"] = "s"
    m.add(owner)


def images(m: Maker) -> Obj:
    """Images that some nodes have already."""
    m.many_nodes(2, 6)
    for node in m.nodes:
        names = m.some(("nginx:latest", "redis:7", "registry.io/app:v1", "big@sha256:0123"))
        megabytes = 1024 * 1024
        node["status"]["images"] = [
            {"names": [name], "sizeBytes": m.random.randint(1, 900) * megabytes} for name in names
        ]
    m.running(0, 4)
    pod = m.pod("target")
    for index in range(m.random.randint(0, 2)):
        pod["spec"]["containers"].append(m.container(f"c{index + 1}"))
    if m.chance(0.3):
        pod["spec"]["initContainers"] = [m.container("i0")]
    if m.chance(0.2):
        pod["spec"]["volumes"] = [{"name": "v", "image": {"reference": "redis:7"}}]
    return pod


def features(m: Maker) -> Obj:
    """Node features that a pod needs."""
    m.many_nodes(1, 4)
    for node in m.nodes:
        node["status"]["declaredFeatures"] = sorted(
            m.some(("RestartAllContainersOnContainerExits", "UserNamespacesHostNetworkSupport"))
        )
    pod = m.pod("target")
    if m.chance(0.5):
        pod["spec"] |= {"hostNetwork": True, "hostUsers": m.pick(True, False)}
    if m.chance(0.5):
        container = m.pick(*pod["spec"]["containers"])
        container["restartPolicy"] = "Never"
        container["restartPolicyRules"] = [
            {
                "action": m.pick("Restart", "RestartAllContainers"),
                "exitCodes": {"operator": "In", "values": [3]},
            }
        ]
    return pod


def mixed(m: Maker) -> Obj:
    """A bit of everything."""
    m.namespaces()
    m.many_nodes(2, 7)
    for node in m.nodes:
        if m.chance(0.3):
            node["spec"]["taints"] = m.taints()
        if m.chance(0.1):
            node["spec"]["unschedulable"] = True
    for pod in m.running(0, 12):
        if m.chance(0.2):
            pod["spec"]["affinity"] = {"podAntiAffinity": m.pod_affinity(strict=0.4)}
    pod = m.pod("target", large=m.chance(0.3))
    affinity: Obj = {}
    if m.chance(0.3):
        affinity["nodeAffinity"] = m.node_affinity()
    if m.chance(0.3):
        affinity["podAffinity"] = m.pod_affinity(strict=0.3)
    if m.chance(0.3):
        affinity["podAntiAffinity"] = m.pod_affinity(strict=0.3)
    if affinity:
        pod["spec"]["affinity"] = affinity
    if m.chance(0.4):
        pod["spec"]["topologySpreadConstraints"] = m.spread()
    if m.chance(0.5):
        pod["spec"]["tolerations"] = m.tolerations()
    if m.chance(0.2):
        nominated = m.pod("other")
        nominated["spec"]["priority"] = m.pick(0, 10)
        nominated["status"]["nominatedNodeName"] = m.pick(*m.nodes)["metadata"]["name"]
    return pod


def volumes(m: Maker) -> Obj:
    """Claims, volumes, classes, capacities, attach limits and zones."""
    m.many_nodes(1, 5)
    _storage(m)
    for pod in m.running(0, 8):
        _mount(m, pod)
    pod = m.pod("target", namespace="default")
    _mount(m, pod, least=1)
    return pod


CLASSES = ("immediate", "late", "static", "zonal", "csi", "gone")


def _storage(m: Maker) -> None:
    provisioners = {"static": "kubernetes.io/no-provisioner", "csi": "csi.example.com"}
    for name in CLASSES[:-1]:
        storage_class = _object("storage.k8s.io/v1", "StorageClass", name)
        storage_class["provisioner"] = provisioners.get(name, "example.com/disk")
        mode = "Immediate" if name == "immediate" else "WaitForFirstConsumer"
        storage_class["volumeBindingMode"] = mode
        if name == "zonal":
            expression = {"key": ZONE, "values": m.some(ZONES, 1)}
            storage_class["allowedTopologies"] = [{"matchLabelExpressions": [expression]}]
        m.add(storage_class)
    for index in range(m.random.randint(0, 6)):
        _volume(m, f"pv{index}")
    for index in range(m.random.randint(1, 6)):
        _claim(m, f"claim{index}")
    _drivers(m)


def _volume(m: Maker, name: str) -> None:
    volume = _object("v1", "PersistentVolume", name)
    if m.chance(0.4):
        value = m.pick("a", "b", "a__b")
        volume["metadata"]["labels"] = {
            m.pick(ZONE, "failure-domain.beta.kubernetes.io/zone"): value
        }
    volume["spec"] = {
        "capacity": {"storage": m.pick("1Gi", "5Gi", "10Gi")},
        "accessModes": m.some(("ReadWriteOnce", "ReadOnlyMany", "ReadWriteOncePod"), 1),
        "storageClassName": m.pick("late", "static", "csi"),
        "persistentVolumeReclaimPolicy": "Retain",
    }
    if m.chance(0.5):
        source: Obj = {"csi": {"driver": "csi.example.com", "volumeHandle": f"h-{name}"}}
    else:
        source = m.pick({"hostPath": {"path": "/x"}}, {"awsElasticBlockStore": {"volumeID": name}})
    volume["spec"] |= source
    if m.chance(0.5):
        required = {"nodeSelectorTerms": [m.node_term()]}
        volume["spec"]["nodeAffinity"] = {"required": required}
    volume["status"] = {"phase": m.pick("Available", "Available", "Released")}
    m.add(volume)


def _claim(m: Maker, name: str) -> None:
    claim = _object("v1", "PersistentVolumeClaim", name, namespace="default")
    claim["metadata"]["uid"] = m.uid()
    claim["spec"] = {
        "accessModes": m.some(("ReadWriteOnce", "ReadWriteOncePod"), 1)[:1],
        "resources": {"requests": {"storage": m.pick("1Gi", "3Gi", "8Gi")}},
    }
    if m.chance(0.95):
        claim["spec"]["storageClassName"] = m.pick(*CLASSES)
    claim["status"] = {"phase": "Pending"}
    if m.chance(0.45):
        volumes = [obj for obj in m.objects if obj["kind"] == "PersistentVolume"]
        found = m.pick(*volumes) if volumes and m.chance(0.9) else None
        claim["spec"]["volumeName"] = found["metadata"]["name"] if found else "vanished"
        if found is not None:
            found["status"]["phase"] = "Bound"
            found["spec"]["claimRef"] = {
                "namespace": "default",
                "name": name,
                "uid": claim["metadata"]["uid"],
            }
        if m.chance(0.9):
            claim["metadata"]["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
            claim["status"]["phase"] = m.pick("Bound", "Bound", "Bound", "Lost")
    elif m.chance(0.1):
        node = m.pick(*m.nodes)["metadata"]["name"]
        claim["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": node}
    m.add(claim)


def _drivers(m: Maker) -> None:
    if m.chance(0.6):
        driver = _object("storage.k8s.io/v1", "CSIDriver", "csi.example.com")
        driver["spec"] = {"storageCapacity": m.pick(True, False)}
        if m.chance(0.3):
            driver["spec"]["preventPodSchedulingIfMissing"] = True
        m.add(driver)
    for index, node in enumerate(m.nodes):
        if m.chance(0.6):
            csi_node = _object("storage.k8s.io/v1", "CSINode", node["metadata"]["name"])
            drivers = []
            for name in m.some(("csi.example.com", "ebs.csi.aws.com", "example.com/disk")):
                drivers.append({"name": name, "nodeID": "x"})
                if m.chance(0.7):
                    drivers[-1]["allocatable"] = {"count": m.pick(0, 1, 2)}
            csi_node["spec"] = {"drivers": drivers}
            m.add(csi_node)
        if m.chance(0.4):
            space = _object(
                "storage.k8s.io/v1", "CSIStorageCapacity", f"c{index}", namespace="default"
            )
            space |= {"storageClassName": "csi", "capacity": m.pick("2Gi", "20Gi")}
            space["nodeTopology"] = {"matchLabels": {HOST: node["metadata"]["name"]}}
            m.add(space)
        volumes = [obj for obj in m.objects if obj["kind"] == "PersistentVolume"]
        if volumes and m.chance(0.2):
            attachment = _object("storage.k8s.io/v1", "VolumeAttachment", f"a{index}")
            attachment["spec"] = {
                "attacher": "csi.example.com",
                "nodeName": node["metadata"]["name"],
                "source": {"persistentVolumeName": m.pick(*volumes)["metadata"]["name"]},
            }
            m.add(attachment)


def _mount(m: Maker, pod: Obj, least: int = 0) -> None:
    pod["metadata"]["namespace"] = "default"
    claims = [o["metadata"]["name"] for o in m.objects if o["kind"] == "PersistentVolumeClaim"]
    mounted = []
    for index in range(m.random.randint(least, 2)):
        volume: Obj = {"name": f"v{index}"}
        if m.chance(0.75):
            missing = ["missing"] if m.chance(0.05) else []
            volume["persistentVolumeClaim"] = {"claimName": m.pick(*claims, *missing)}
        elif m.chance(0.5):
            disk = m.pick("d1", "d2")
            volume |= m.pick(
                {"gcePersistentDisk": {"pdName": disk, "readOnly": m.pick(True, False)}},
                {"awsElasticBlockStore": {"volumeID": disk}},
                {
                    "iscsi": {
                        "targetPortal": "t",
                        "iqn": disk,
                        "lun": 0,
                        "readOnly": m.pick(True, False),
                    }
                },
                {"rbd": {"monitors": m.some("xyz", 1), "image": disk, "pool": "rbd"}},
            )
        elif m.chance(0.5) and not pod["spec"].get("nodeName"):
            volume["ephemeral"] = {
                "volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}
            }
            if m.chance(0.6):
                _ephemeral_claim(m, pod, volume["name"])
        else:
            volume["emptyDir"] = {}
        mounted.append(volume)
    if mounted:
        pod["spec"]["volumes"] = mounted


def _ephemeral_claim(m: Maker, pod: Obj, volume: str) -> None:
    name = f"{pod['metadata']['name']}-{volume}"
    claim = _object("v1", "PersistentVolumeClaim", name, namespace="default")
    claim["spec"] = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "late",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claim["status"] = {"phase": "Pending"}
    if m.chance(0.8):
        owner = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"]}
        owner |= {"uid": pod["metadata"]["uid"], "controller": True}
        claim["metadata"]["ownerReferences"] = [owner]
    m.add(claim)


def preemption(m: Maker) -> Obj:
    """A pod that may have to displace others: priorities, budgets, affinity, nominations."""
    m.namespaces()
    m.many_nodes(1, 5)
    for node in m.nodes:
        node["status"]["allocatable"] |= {"cpu": m.pick("1", "2"), "pods": str(m.pick(3, 4, 110))}
        if m.chance(0.1):
            node["spec"]["unschedulable"] = True
    for index, pod in enumerate(m.running(3, 16)):
        pod["metadata"]["namespace"] = "default"
        pod["spec"]["priority"] = m.pick(0, 5, 10, 20, 50)
        pod["spec"]["containers"][0]["resources"] = {
            "requests": {"cpu": m.pick("300m", "500m", "1")}
        }
        pod["status"]["startTime"] = f"2026-01-01T00:{index:02d}:{m.random.randint(0, 59):02d}Z"
        if m.chance(0.1):
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
            pod["metadata"]["deletionGracePeriodSeconds"] = 30
            if m.chance(0.6):
                pod["status"]["conditions"] = [
                    {
                        "type": "DisruptionTarget",
                        "status": "True",
                        "reason": "PreemptionByScheduler",
                    }
                ]
        if m.chance(0.1):
            pod["spec"]["affinity"] = {"podAntiAffinity": m.pod_affinity()}
        if m.chance(0.1):
            port = {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}
            pod["spec"]["containers"][0]["ports"] = [port]
    _budgets(m)
    pod = m.pod("target", namespace="default")
    pod["spec"]["priority"] = m.pick(1, 15, 30, 100)
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": m.pick("500m", "1", "2")}}
    pod["spec"]["preemptionPolicy"] = m.pick(*["PreemptLowerPriority"] * 9, "Never")
    _pressure(m, pod)
    _histories(m)
    return pod


def _histories(m: Maker) -> None:
    """Conditions that pods have already, which patches must leave in their place."""
    for pod in m.objects:
        if pod["kind"] == "Pod" and pod["spec"].get("nodeName") and m.chance(0.5):
            conditions = pod["status"].setdefault("conditions", [])
            for kind in m.some(("PodScheduled", "Ready", "Initialized")):
                conditions.append({"type": kind, "status": m.pick("True", "False")})


def _budgets(m: Maker) -> None:
    for index in range(m.random.randint(0, 3)):
        budget = _object("policy/v1", "PodDisruptionBudget", f"b{index}", namespace="default")
        budget["spec"] = {"selector": m.label_selector() or {"matchLabels": {"app": "web"}}}
        budget["status"] = {
            "disruptionsAllowed": m.random.randint(0, 2),
            "currentHealthy": 1,
            "desiredHealthy": 1,
            "expectedPods": 1,
        }
        if m.chance(0.2):
            budget["status"]["disruptedPods"] = {"r1": "2026-01-01T00:00:00Z"}
        m.add(budget)


def _pressure(m: Maker, pod: Obj) -> None:
    """Further reasons why the pod may not fit."""
    if m.chance(0.25):
        pod["spec"]["affinity"] = {"podAntiAffinity": m.pod_affinity()}
    if m.chance(0.2):
        pod["spec"]["topologySpreadConstraints"] = m.spread()
    if m.chance(0.2):
        port = {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}
        pod["spec"]["containers"][0]["ports"] = [port]
    names = [node["metadata"]["name"] for node in m.nodes]
    if m.chance(0.2):
        pod["status"]["nominatedNodeName"] = m.pick(*names)
    if m.chance(0.2):
        other = m.pod("other", namespace="default")
        other["spec"]["priority"] = m.pick(1, 30, 100)
        other["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "500m"}}
        other["status"]["nominatedNodeName"] = m.pick(*names)


def configured(m: Maker) -> Obj:
    """Plugins, weights and arguments of a configuration."""
    pod: Obj = m.pick(resources, mixed, default_spread, images)(m)
    pod["config"] = _configuration(m)
    return pod


def _configuration(m: Maker) -> Obj:
    plugins: Obj = {}
    multi: Obj = {}
    if m.chance(0.5):
        names = (
            "NodeAffinity",
            "ImageLocality",
            "TaintToleration",
            "NodeResourcesFit",
            "InterPodAffinity",
        )
        multi["enabled"] = [{"name": n, "weight": m.random.randint(1, 9)} for n in m.some(names)]
    if m.chance(0.4):
        removable = ("ImageLocality", "NodePorts", "PodTopologySpread", "DefaultPreemption")
        chosen = {entry["name"] for entry in multi.get("enabled", ())}
        multi["disabled"] = [{"name": n} for n in m.some(removable) if n not in chosen]
    if multi:
        plugins["multiPoint"] = multi
    if m.chance(0.5):
        disabled = m.some(
            ("NodeResourcesBalancedAllocation", "TaintToleration", "InterPodAffinity")
        )
        plugins["score"] = {"disabled": [{"name": name} for name in disabled]}
        if m.chance(0.5):
            plugins["score"]["enabled"] = [{"name": "NodeResourcesFit", "weight": 7}]
    if m.chance(0.2):
        plugins["filter"] = {"disabled": [{"name": m.pick("NodeUnschedulable", "TaintToleration")}]}
    profile: Obj = {"schedulerName": "default-scheduler", "plugins": plugins}
    profile["pluginConfig"] = _plugin_config(m)
    other = {"schedulerName": "other-scheduler"}
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [profile, other],
    }


def _plugin_config(m: Maker) -> list[Obj]:
    found: list[Obj] = []
    kind = m.pick("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
    names = ["cpu", "memory", *m.some(("example.com/gpu", "ephemeral-storage", "hugepages-2Mi"))]
    resources = [{"name": n, "weight": m.random.randint(1, 5)} for n in names]
    strategy: Obj = {"type": kind, "resources": resources}
    if kind == "RequestedToCapacityRatio":
        points = sorted(m.random.sample(range(101), m.random.randint(2, 4)))
        shape = [{"utilization": at, "score": m.random.randint(0, 10)} for at in points]
        strategy["requestedToCapacityRatio"] = {"shape": shape}
    fit: Obj = {"scoringStrategy": strategy}
    if m.chance(0.3):
        fit |= m.pick(
            {"ignoredResources": ["example.com/gpu"]}, {"ignoredResourceGroups": ["example.com"]}
        )
    found.append({"name": "NodeResourcesFit", "args": fit})
    if m.chance(0.5):
        balanced = {"resources": [{"name": n, "weight": 1} for n in names]}
        found.append({"name": "NodeResourcesBalancedAllocation", "args": balanced})
    if m.chance(0.5):
        weight = m.pick(0, 5, 100)
        args: Obj = {"hardPodAffinityWeight": weight}
        args["ignorePreferredTermsOfExistingPods"] = m.pick(True, False)
        found.append({"name": "InterPodAffinity", "args": args})
    if m.chance(0.4):
        found.append({"name": "NodeAffinity", "args": {"addedAffinity": m.node_affinity()}})
    if m.chance(0.5):
        constraints = [
            {"maxSkew": m.random.randint(1, 3), "topologyKey": key, "whenUnsatisfiable": action}
            for key, action in m.some(
                [(k, a) for k in (HOST, ZONE) for a in ("DoNotSchedule", "ScheduleAnyway")]
            )
        ]
        args = {"defaultConstraints": constraints, "defaultingType": "List"}
        found.append({"name": "PodTopologySpread", "args": args})
    for entry in found:
        entry["args"] |= {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": f"{entry['name']}Args",
        }
    return found


def claims(m: Maker) -> Obj:
    """Devices: slices, classes, taints, claims that others hold, and the pod's own claims."""
    m.namespaces()
    m.many_nodes(1, 4)
    devices.cluster(m)
    for index in range(m.pick(0, 1, 2, 3)):
        devices.allocated(m, devices.claim(m, f"held-{index}", "default"))
    pod = m.pod("pending")
    devices.mount(m, pod)
    return pod


THEMES: dict[str, Callable[[Maker], Obj]] = {
    function.__name__: function
    for function in (
        resources,
        taints,
        node_affinity,
        ports,
        pod_affinity,
        spread,
        default_spread,
        images,
        features,
        mixed,
        volumes,
        preemption,
        configured,
        claims,
    )
}


def case(theme: str, seed: int) -> Case:
    maker = Maker(seed)
    config: Obj = {}
    pod = THEMES[theme](maker)
    config = pod.pop("config", {})
    key = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    return {"objects": maker.objects, "pod": key, **({"config": config} if config else {})}
