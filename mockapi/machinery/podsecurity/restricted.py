"""Checks that the restricted level adds. Source: pod-security-admission policy/check_*.go."""

from mockapi.machinery.podsecurity.baseline import Check, Refusal, seccomp_profile
from mockapi.machinery.podsecurity.pods import Pod, named, number, quoted, setters

_VOLUMES = frozenset(
    (
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    )
)


def but_windows(check: Check) -> Check:
    """The same, but for pods that say that they run on Windows."""
    return lambda pod: None if pod.is_windows else check(pod)


def privilege_escalation(pod: Pod) -> Refusal | None:
    found = [c.name for c in pod.containers if c.security.get("allowPrivilegeEscalation", True)]
    if not found:
        return None
    who = named("container", found)
    return (
        "allowPrivilegeEscalation != false",
        f"{who} must set securityContext.allowPrivilegeEscalation=false",
    )


def capabilities(pod: Pod) -> Refusal | None:
    keeping, adding, names = [], [], set()
    for container in pod.containers:
        said = container.security.get("capabilities") or {}
        if "ALL" not in (said.get("drop") or ()):
            keeping.append(container.name)
        wrong = [name for name in said.get("add") or () if name != "NET_BIND_SERVICE"]
        if wrong:
            adding.append(container.name)
            names.update(wrong)
    found = []
    if keeping:
        who = named("container", keeping)
        found.append(f'{who} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        who, what = named("container", adding), quoted(sorted(names))
        found.append(f"{who} must not include {what} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(found)) if found else None


def restricted_volumes(pod: Pod) -> Refusal | None:
    wrong: dict[str, str] = {}
    for volume in pod.volumes:
        sources = [name for name in volume if name != "name" and volume[name] is not None]
        if not _VOLUMES.intersection(sources):
            wrong[volume["name"]] = sources[0] if sources else "unknown"
    if not wrong:
        return None
    kinds = sorted({*wrong.values()})
    return "restricted volume types", " ".join(
        (
            named("volume", [*wrong]),
            number("uses", len(wrong), "use"),
            number("restricted volume type", len(kinds)),
            quoted(kinds),
        )
    )


def run_as_non_root(pod: Pod) -> Refusal | None:
    by_pod = pod.security.get("runAsNonRoot")
    said = {c.name: c.security.get("runAsNonRoot") for c in pod.containers}
    who = setters(by_pod is False, [name for name, value in said.items() if value is False])
    if who:
        text = f"{who} must not set securityContext.runAsNonRoot=false"
        return "runAsNonRoot != true", text
    missing = [name for name, value in said.items() if value is None and not by_pod]
    if not missing:
        return None
    text = f"pod or {named('container', missing)} must set securityContext.runAsNonRoot=true"
    return "runAsNonRoot != true", text


def run_as_user(pod: Pod) -> Refusal | None:
    containers = [c.name for c in pod.containers if c.security.get("runAsUser") == 0]
    who = setters(pod.security.get("runAsUser") == 0, containers)
    return ("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def seccomp_profile_set(pod: Pod) -> Refusal | None:
    """Everyone has one, and a good one."""
    wrong = seccomp_profile(pod)
    if wrong is not None:
        return wrong
    if pod.security.get("seccompProfile") is not None:
        return None
    missing = [c.name for c in pod.containers if c.security.get("seccompProfile") is None]
    if not missing:
        return None
    text = (
        f"pod or {named('container', missing)} must set securityContext.seccompProfile.type to "
        '"RuntimeDefault" or "Localhost"'
    )
    return "seccompProfile", text
