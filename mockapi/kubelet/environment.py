"""The environment of a container, or why it cannot be made.

Source: kubelet_pods.go makeEnvironmentVariables, security_context.go.
"""

from typing import Any

from mockapi.kubelet.volumes import Objects

Obj = dict[str, Any]


class NoEnvironment(Exception):
    """The text that a CreateContainerConfigError shows."""


def config_problem(pod: Obj, container: Obj, objects: Objects) -> str:
    """Empty when the container can be configured."""
    if not any(key in container for key in ("env", "envFrom", "securityContext")) and not (
        pod["spec"].get("securityContext")
    ):
        return ""
    try:
        variables(pod, container, objects)
    except NoEnvironment as problem:
        return str(problem)
    return _root_problem(pod, container)


def variables(pod: Obj, container: Obj, objects: Objects, pod_ip: str = "") -> dict[str, str]:
    """Name to value. Raises NoEnvironment."""
    namespace = pod["metadata"]["namespace"]
    out: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        for key, value in _all_of(source, namespace, objects).items():
            out[f"{source.get('prefix', '')}{key}"] = value
    for variable in container.get("env") or ():
        found = _value(variable, pod, container, objects, pod_ip, out)
        if found is not None:
            out[variable["name"]] = found
    return out


def _all_of(source: Obj, namespace: str, objects: Objects) -> dict[str, str]:
    for field, kind in (("configMapRef", "configmap"), ("secretRef", "secret")):
        if field in source:
            found = _object(source[field], kind, namespace, objects)
            return dict((found or {}).get("data") or {})
    return {}


def _object(reference: Obj, kind: str, namespace: str, objects: Objects) -> Obj | None:
    name = reference.get("name", "")
    found = objects.get(kind, namespace, name)
    if found is None and not reference.get("optional"):
        raise NoEnvironment(f'{kind} "{name}" not found')
    return found


def _value(
    variable: Obj, pod: Obj, container: Obj, objects: Objects, pod_ip: str, known: dict[str, str]
) -> str | None:
    if variable.get("value"):
        return expand(variable["value"], known)
    source = variable.get("valueFrom")
    if not source:
        return ""
    namespace = pod["metadata"]["namespace"]
    for field, kind, shown in (
        ("configMapKeyRef", "configmap", "ConfigMap"),
        ("secretKeyRef", "secret", "Secret"),
    ):
        if field in source:
            return _keyed(source[field], kind, shown, namespace, objects)
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"], pod_ip)
    return ""


def _keyed(reference: Obj, kind: str, shown: str, namespace: str, objects: Objects) -> str | None:
    found = _object(reference, kind, namespace, objects)
    if found is None:
        return None
    key = reference["key"]
    value = (found.get("data") or {}).get(key)
    if value is not None:
        return str(value)
    if reference.get("optional"):
        return None
    name = reference.get("name", "")
    raise NoEnvironment(f"couldn't find key {key} in {shown} {namespace}/{name}")


def expand(text: str, known: dict[str, str]) -> str:
    """`$(NAME)` replaced where NAME is known, `$$` an escaped dollar."""
    out, index = [], 0
    while index < len(text):
        if text.startswith("$$", index):
            out.append("$")
            index += 2
        elif text.startswith("$(", index) and (end := text.find(")", index)) > 0:
            name = text[index + 2 : end]
            out.append(known.get(name, f"$({name})"))
            index = end + 1
        else:
            out.append(text[index])
            index += 1
    return "".join(out)


def field_value(pod: Obj, path: str, pod_ip: str = "") -> str:
    """A downward API field of the pod."""
    metadata, spec = pod["metadata"], pod["spec"]
    status = pod.get("status") or {}
    host_ip = status.get("hostIP", "")
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": host_ip,
        "status.hostIPs": host_ip,
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
    }
    if path in fields:
        return str(fields[path])
    for field in ("labels", "annotations"):
        prefix = f"metadata.{field}['"
        if path.startswith(prefix) and path.endswith("']"):
            return str((metadata.get(field) or {}).get(path[len(prefix) : -2], ""))
    raise NoEnvironment(f"unsupported fieldPath: {path}")


def _root_problem(pod: Obj, container: Obj) -> str:
    """Images are taken to run as somebody else when the pod asks for that."""
    shared, own = pod["spec"].get("securityContext") or {}, container.get("securityContext") or {}
    if not own.get("runAsNonRoot", shared.get("runAsNonRoot")):
        return ""
    if own.get("runAsUser", shared.get("runAsUser")) != 0:
        return ""
    metadata = pod["metadata"]
    described = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    return (
        f'container\'s runAsUser breaks non-root policy (pod: "{described}", '
        f"container: {container['name']})"
    )
