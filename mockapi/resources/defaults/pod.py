"""Pods and all that has pod templates."""

from typing import Any, Final

from mockapi.meta import images
from mockapi.resources.defaults.filling import Defaulter, Obj, both, filler, pointers, rounds

CORE: Final = "io.k8s.api.core.v1."


def _pull_policy(image: Any) -> str:
    """A name that does not parse has no tag."""
    try:
        tag = images.parse(image or "").tag
    except images.ImageError:
        tag = ""
    return "Always" if tag == "latest" else "IfNotPresent"


def container(obj: Obj) -> None:
    if not obj.get("imagePullPolicy"):
        obj["imagePullPolicy"] = _pull_policy(obj.get("image"))
    if not obj.get("terminationMessagePath"):
        obj["terminationMessagePath"] = "/dev/termination-log"
    if not obj.get("terminationMessagePolicy"):
        obj["terminationMessagePolicy"] = "File"


def volume(obj: Obj) -> None:
    if len(obj) < 2:
        obj["emptyDir"] = {}
    image = obj.get("image")
    if image is not None and not image.get("pullPolicy"):
        image["pullPolicy"] = _pull_policy(image.get("reference"))


def pod(obj: Obj) -> None:
    spec = obj["spec"]
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for kind in ("containers", "initContainers"):
        for one in spec.get(kind) or ():
            _requests_from_limits(one.get("resources") or {})
            if spec.get("hostNetwork"):
                _host_ports(one)
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True


def _requests_from_limits(resources: Obj) -> None:
    limits = resources.get("limits")
    if not limits:
        return
    requests = resources.get("requests")
    if not requests:
        requests = resources["requests"] = {}
    for name, amount in limits.items():
        requests.setdefault(name, amount)


def _host_ports(one: Obj) -> None:
    for port in one.get("ports") or ():
        if not port.get("hostPort") and port.get("containerPort"):
            port["hostPort"] = port["containerPort"]


def pod_status(obj: Obj) -> None:
    """podIP and podIPs say the same; podIP wins."""
    ip, ips = obj.get("podIP"), obj.get("podIPs")
    if ip and (not ips or ips[0].get("ip") != ip):
        obj["podIPs"] = [{"ip": ip}]
    elif ips and not ip and ips[0].get("ip"):
        obj["podIP"] = ips[0]["ip"]


def pod_spec(obj: Obj) -> None:
    account = obj.get("serviceAccountName") or obj.get("serviceAccount")
    if account:
        obj["serviceAccountName"] = obj["serviceAccount"] = account
    if not obj.get("dnsPolicy"):
        obj["dnsPolicy"] = "ClusterFirst"
    if not obj.get("restartPolicy"):
        obj["restartPolicy"] = "Always"
    if obj.get("securityContext") is None:
        obj["securityContext"] = {}
    if obj.get("terminationGracePeriodSeconds") is None:
        obj["terminationGracePeriodSeconds"] = 30
    if not obj.get("schedulerName"):
        obj["schedulerName"] = "default-scheduler"


def probe(obj: Obj) -> None:
    for key, value in _PROBE:
        if not obj.get(key):
            obj[key] = value


def host_path(obj: Obj) -> None:
    obj.setdefault("type", "")


_PROBE: Final = (
    ("timeoutSeconds", 1),
    ("periodSeconds", 10),
    ("successThreshold", 1),
    ("failureThreshold", 3),
)
_mode: Final = pointers(defaultMode=0o644)

DEFAULTS: Final[dict[str, Defaulter]] = {
    f"{CORE}Pod": pod,
    f"{CORE}PodSpec": both(pod_spec, rounds("overhead")),
    f"{CORE}PodStatus": both(pod_status, rounds("allocatedResources")),
    f"{CORE}Container": container,
    f"{CORE}EphemeralContainer": container,
    f"{CORE}ContainerStatus": rounds("allocatedResources"),
    f"{CORE}Volume": volume,
    f"{CORE}Probe": probe,
    f"{CORE}HTTPGetAction": filler(path="/", scheme="HTTP"),
    f"{CORE}ResourceRequirements": rounds("limits", "requests"),
    f"{CORE}VolumeResourceRequirements": rounds("limits", "requests"),
    f"{CORE}SecretVolumeSource": _mode,
    f"{CORE}ConfigMapVolumeSource": _mode,
    f"{CORE}DownwardAPIVolumeSource": _mode,
    f"{CORE}ProjectedVolumeSource": _mode,
    f"{CORE}ServiceAccountTokenProjection": pointers(expirationSeconds=3600),
    f"{CORE}HostPathVolumeSource": host_path,
    f"{CORE}ObjectFieldSelector": filler(apiVersion="v1"),
}
