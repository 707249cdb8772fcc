"""Checks of the baseline level. Source: pod-security-admission policy/check_*.go.

Each returns the reason and the details of a refusal, or None.
"""

from collections.abc import Callable, Iterator

from mockapi.machinery.podsecurity.pods import Pod, Tree, named, number, quoted, setters
from mockapi.meta import gofmt

Refusal = tuple[str, str]
Check = Callable[[Pod], Refusal | None]

DEFAULT_CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    )
)
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_PROFILES = frozenset(("RuntimeDefault", "Localhost"))
_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_SYSCTLS = (
    (
        0,
        "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies "
        "net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start",
    ),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (
        29,
        "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl "
        "net.ipv4.tcp_keepalive_probes",
    ),
    (32, "net.ipv4.tcp_rmem net.ipv4.tcp_wmem"),
    (37, "net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat"),
)


def _wrong_profiles(pod: Pod, field: str) -> tuple[list[str], dict[str, list[str]]]:
    """Types of profiles that are not allowed: the pod's, and by container."""

    def wrong(security: Tree) -> list[str]:
        profile = security.get(field)
        kind = (profile or {}).get("type", "")
        return [] if profile is None or kind in _PROFILES else [kind]

    containers = {c.name: found for c in pod.containers if (found := wrong(c.security))}
    return wrong(pod.security), containers


def app_armor_profile(pod: Pod) -> Refusal | None:
    by_pod, containers = _wrong_profiles(pod, "appArmorProfile")
    annotations = sorted(
        f"{name}={gofmt.quote(value)}"
        for name, value in pod.annotations.items()
        if name.startswith(_APPARMOR) and not _allowed_app_armor(value)
    )
    who = [setters(bool(by_pod), [*containers])]
    if annotations:
        who.append(number("annotation", len(annotations)))
    values = sorted({*by_pod, *(kind for found in containers.values() for kind in found)})
    values += annotations
    text = " and ".join(filter(None, who))
    if not text:
        return None
    return (
        number("forbidden AppArmor profile", len(values)),
        f"{text} must not set AppArmor profile type to {quoted(values)}",
    )


def _allowed_app_armor(value: str) -> bool:
    return value in ("", "runtime/default") or value.startswith("localhost/")


def capabilities(pod: Pod) -> Refusal | None:
    wrong: dict[str, list[str]] = {}
    for container in pod.containers:
        added = (container.security.get("capabilities") or {}).get("add") or ()
        if found := [name for name in added if name not in DEFAULT_CAPABILITIES]:
            wrong[container.name] = found
    if not wrong:
        return None
    names = sorted({name for found in wrong.values() for name in found})
    who = named("container", [*wrong])
    text = f"{who} must not include {quoted(names)} in securityContext.capabilities.add"
    return "non-default capabilities", text


def host_namespaces(pod: Pod) -> Refusal | None:
    found = [f"{f}=true" for f in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(f)]
    return ("host namespaces", ", ".join(found)) if found else None


def host_path_volumes(pod: Pod) -> Refusal | None:
    found = [volume["name"] for volume in pod.volumes if volume.get("hostPath") is not None]
    return ("hostPath volumes", named("volume", found)) if found else None


def host_ports(pod: Pod) -> Refusal | None:
    containers, ports = [], set()
    for container in pod.containers:
        own = {str(p["hostPort"]) for p in container.tree.get("ports") or () if p.get("hostPort")}
        if own:
            containers.append(container.name)
            ports |= own
    if not containers:
        return None
    return "hostPort", " ".join(
        (
            named("container", containers),
            number("uses", len(containers), "use"),
            number("hostPort", len(ports)),
            ", ".join(sorted(ports)),
        )
    )


def host_probes(pod: Pod) -> Refusal | None:
    containers, hosts = set(), set()
    for container in pod.containers:
        found = {host for handler in _handlers(container.tree) for host in _hosts(handler)}
        if found:
            containers.add(container.name)
            hosts |= found
    if not containers:
        return None
    return "probe or lifecycle host", " ".join(
        (
            named("container", sorted(containers)),
            number("uses", len(containers), "use"),
            number("probe or lifecycle host", len(hosts)),
            quoted(sorted(hosts)),
        )
    )


def _handlers(container: Tree) -> Iterator[Tree]:
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(name) or {}
    lifecycle = container.get("lifecycle") or {}
    for name in ("postStart", "preStop"):
        yield lifecycle.get(name) or {}


def _hosts(handler: Tree) -> Iterator[str]:
    for name in ("httpGet", "tcpSocket"):
        host = (handler.get(name) or {}).get("host")
        if host:
            yield host


def privileged(pod: Pod) -> Refusal | None:
    found = [c.name for c in pod.containers if c.security.get("privileged")]
    if not found:
        return None
    who = named("container", found)
    return "privileged", f"{who} must not set securityContext.privileged=true"


def proc_mount(pod: Pod) -> Refusal | None:
    found = {c.name: c.security.get("procMount") for c in pod.containers}
    wrong = {name: kind for name, kind in found.items() if kind not in (None, "Default")}
    if not wrong:
        return None
    kinds = quoted(sorted({*map(str, wrong.values())}))
    who = named("container", [*wrong])
    return "procMount", f"{who} must not set securityContext.procMount to {kinds}"


def with_own_users(check: Check) -> Check:
    """The same, but for pods in a user namespace."""
    return lambda pod: None if pod.has_own_users else check(pod)


def seccomp_annotations(pod: Pod) -> Refusal | None:
    names = [_SECCOMP_POD, *(f"{_SECCOMP_CONTAINER}{c.name}" for c in pod.containers)]
    found = sorted(
        {
            f"{name}={gofmt.quote(pod.annotations[name])}"
            for name in names
            if name in pod.annotations and not _allowed_seccomp(pod.annotations[name])
        }
    )
    if not found:
        return None
    return "seccompProfile", f"forbidden {number('annotation', len(found))} {', '.join(found)}"


def _allowed_seccomp(value: str) -> bool:
    return value in ("runtime/default", "docker/default") or value.startswith("localhost/")


def seccomp_profile(pod: Pod) -> Refusal | None:
    """Whoever sets one sets a good one."""
    by_pod, containers = _wrong_profiles(pod, "seccompProfile")
    who = setters(bool(by_pod), [*containers])
    if not who:
        return None
    kinds = quoted(sorted({*by_pod, *(kind for found in containers.values() for kind in found)}))
    return "seccompProfile", f"{who} must not set securityContext.seccompProfile.type to {kinds}"


def selinux_options(more: frozenset[str] = frozenset()) -> Check:
    """`more` are types that are allowed too."""
    allowed = _SELINUX_TYPES | more

    def check(pod: Pod) -> Refusal | None:
        contexts = [("", pod.security), *((c.name, c.security) for c in pod.containers)]
        wrong = {
            name: options
            for name, security in contexts
            if (options := security.get("seLinuxOptions") or {})
            and (options.get("type", "") not in allowed or _user(options) or _role(options))
        }
        if not wrong:
            return None
        kinds = sorted({o.get("type", "") for o in wrong.values()} - allowed)
        data = [named("type", kinds)] if kinds else []
        data += ["user may not be set"] if any(map(_user, wrong.values())) else []
        data += ["role may not be set"] if any(map(_role, wrong.values())) else []
        who = setters("" in wrong, [name for name in wrong if name])
        text = f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"
        return "seLinuxOptions", text

    return check


def _user(options: Tree) -> bool:
    return bool(options.get("user"))


def _role(options: Tree) -> bool:
    return bool(options.get("role"))


def sysctls(minor: int) -> Check:
    """Those that were safe by then."""
    safe = {name for since, names in _SYSCTLS if since <= minor for name in names.split()}

    def check(pod: Pod) -> Refusal | None:
        names = [sysctl["name"] for sysctl in pod.security.get("sysctls") or ()]
        wrong = [name for name in names if name not in safe]
        return ("forbidden sysctls", ", ".join(wrong)) if wrong else None

    return check


def windows_host_process(pod: Pod) -> Refusal | None:
    def asks(security: Tree) -> bool:
        return bool((security.get("windowsOptions") or {}).get("hostProcess"))

    who = setters(asks(pod.security), [c.name for c in pod.containers if asks(c.security)])
    if not who:
        return None
    return "hostProcess", f"{who} must not set securityContext.windowsOptions.hostProcess=true"
