"""What a pod's spec says, worked out once for each generation of it."""

from dataclasses import dataclass
from typing import Any

from mockapi.kubelet import amounts
from mockapi.kubelet.restarts import could_restart_all, is_sidecar

Obj = dict[str, Any]
_BASIC = ("cpu", "memory")


@dataclass(frozen=True, slots=True)
class Spec:
    """One container of the pod, and the constant parts of its status."""

    name: str
    container: Obj
    field_path: str
    init: bool
    sidecar: bool
    mounts: list[Obj]
    resources: Obj
    allocated: Obj
    user: Obj
    probes: dict[str, Obj]
    """Startup, Readiness, Liveness, those it has."""


@dataclass(frozen=True, slots=True)
class Shape:
    init: tuple[Spec, ...]
    main: tuple[Spec, ...]
    ephemeral: tuple[Spec, ...]
    by_name: dict[str, Spec]
    qos: str
    requests: dict[str, int]
    """What the pod asks of its node, in whole units (see amounts)."""
    allocated: Obj
    resources: Obj
    has_probes: bool
    restarts_all: bool

    @property
    def all(self) -> tuple[Spec, ...]:
        return (*self.init, *self.main, *self.ephemeral)


def shape(pod: Obj) -> Shape:
    spec = pod["spec"]
    init = tuple(_spec(c, spec, "initContainers", True) for c in spec.get("initContainers") or ())
    main = tuple(_spec(c, spec, "containers", False) for c in spec["containers"])
    ephemeral = tuple(
        _spec(c, spec, "ephemeralContainers", False) for c in spec.get("ephemeralContainers") or ()
    )
    every = (*init, *main, *ephemeral)
    requests, limits = pod_amounts(spec, "requests"), pod_amounts(spec, "limits")
    own = spec.get("resources") or {}
    resources = dict(own)
    if requests:
        resources["requests"] = requests
    if limits:
        resources["limits"] = limits
    return Shape(
        init=init,
        main=main,
        ephemeral=ephemeral,
        by_name={s.name: s for s in every},
        qos=qos_class(spec),
        requests={name: amounts.units(name, text) for name, text in requests.items()},
        allocated=requests,
        resources=resources,
        has_probes=any(s.probes for s in every),
        restarts_all=could_restart_all(spec),
    )


def _spec(container: Obj, pod_spec: Obj, where: str, init: bool) -> Spec:
    resources = container.get("resources") or {}
    name = container["name"]
    sidecar = init and is_sidecar(container)
    return Spec(
        name=name,
        container=container,
        field_path=f"spec.{where}{{{name}}}",
        init=init,
        sidecar=sidecar,
        mounts=[_mount(m) for m in container.get("volumeMounts") or ()],
        resources={k: v for k, v in resources.items() if k in ("limits", "requests") and v},
        allocated=resources.get("requests") or {},
        user=_user(container, pod_spec),
        probes=_probes(container) if not init or sidecar else {},
    )


def _probes(container: Obj) -> dict[str, Obj]:
    kinds = ("Startup", "Readiness", "Liveness")
    return {k: p for k in kinds if (p := container.get(f"{k.lower()}Probe"))}


def _mount(mount: Obj) -> Obj:
    out = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        out["readOnly"] = True
        recursive = mount.get("recursiveReadOnly", "Disabled")
        out["recursiveReadOnly"] = "Disabled" if recursive == "Disabled" else "Enabled"
    return out


def _user(container: Obj, pod_spec: Obj) -> Obj:
    """The Linux user that the runtime reports; images run as root unless told otherwise."""
    own, shared = container.get("securityContext") or {}, pod_spec.get("securityContext") or {}
    uid = own.get("runAsUser", shared.get("runAsUser", 0))
    gid = own.get("runAsGroup", shared.get("runAsGroup", 0))
    groups = {gid, *(shared.get("supplementalGroups") or ())}
    if "fsGroup" in shared:
        groups.add(shared["fsGroup"])
    return {"linux": {"uid": uid, "gid": gid, "supplementalGroups": sorted(groups)}}


Amounts = dict[str, tuple[int, bool]]
"""By resource name: the value in whole units, and whether it is written in powers of 1024."""


def pod_amounts(spec: Obj, kind: str) -> dict[str, str]:
    """The pod's effective requests or limits: main containers and sidecars together, or more
    where an init container needs more. Source: component-helpers/resource."""
    total: Amounts = {}
    for container in spec["containers"]:
        _add(total, _listed(container, kind))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        listed = _listed(container, kind)
        if is_sidecar(container):
            _add(total, listed)
            _add(sidecars, listed)
            _raise(peak, sidecars)
        else:
            alone: Amounts = {}
            _add(alone, listed)
            _add(alone, sidecars)
            _raise(peak, alone)
    _raise(total, peak)
    total |= _listed(spec, kind)
    overhead = _parsed(spec.get("overhead"))
    if kind == "limits":
        overhead = {name: value for name, value in overhead.items() if total.get(name, (0,))[0]}
    _add(total, overhead)
    return {n: amounts.text(n, value, binary) for n, (value, binary) in sorted(total.items())}


def _listed(owner: Obj, kind: str) -> Amounts:
    return _parsed((owner.get("resources") or {}).get(kind))


def _parsed(texts: Obj | None) -> Amounts:
    return {n: (amounts.units(n, t), str(t).endswith("i")) for n, t in (texts or {}).items()}


def _add(total: Amounts, more: Amounts) -> None:
    """A sum is written like the first of its parts that is not zero."""
    for name, (value, binary) in more.items():
        before = total.get(name)
        if before is not None:
            value, binary = before[0] + value, before[1] if before[0] else binary
        total[name] = (value, binary)


def _raise(peak: Amounts, level: Amounts) -> None:
    for name, value in level.items():
        if name not in peak or value[0] > peak[name][0]:
            peak[name] = value


def qos_class(spec: Obj) -> str:
    """Source: component-helpers qos.ComputePodQOS."""
    own = spec.get("resources") or {}
    lists = (
        [own]
        if own.get("requests") or own.get("limits")
        else [
            c.get("resources") or {}
            for c in (*spec["containers"], *(spec.get("initContainers") or ()))
        ]
    )
    asked = [_basic(r.get("requests")) for r in lists]
    limited = [_basic(r.get("limits")) for r in lists]
    if not any(asked) and not any(limited):
        return "BestEffort"
    guaranteed = all(len(limit) == len(_BASIC) for limit in limited) and all(
        request == limit for request, limit in zip(asked, limited, strict=True)
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _basic(amounts_by_name: Obj | None) -> dict[str, int]:
    found = {n: amounts.units(n, t) for n, t in (amounts_by_name or {}).items() if n in _BASIC}
    return {name: value for name, value in found.items() if value > 0}
