"""Containers of a pod: regular, init and ephemeral ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mockapi.machinery.validation import formats, rules
from mockapi.meta import fields
from mockapi.meta.fields import Path
from mockapi.resources.pods import environment, handlers, quantities, security, volume_sources
from mockapi.resources.pods.volumes import Volumes

Errors = rules.Errors

PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY = ("Disabled", "Enabled", "IfPossible")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_RESTART_ACTIONS = ("Restart", "RestartAllContainers")
_INIT_ONLY_SIDECAR = "may not be set for init containers without restartPolicy=Always"


@dataclass(slots=True)
class PodScope:
    """What the rules of a container need to know of its pod."""

    volumes: Volumes
    claims: frozenset[str]
    grace_period: int | None
    restart_policy: str
    host_users: bool
    names: set[str] = field(default_factory=set)


def validate_containers(containers: Sequence[Any], scope: PodScope, path: Path) -> Errors:
    if not containers:
        return [fields.required(path)]
    errors: Errors = []
    names: set[str] = set()
    for index, container in enumerate(containers):
        where = path.index(index)
        errors += _common(container, scope, where)
        name = container.get("name", "")
        if name in names:
            errors.append(fields.duplicate(where.child("name"), name))
        names.add(name)
        if container.get("lifecycle") is not None:
            errors += handlers.validate_lifecycle(
                container["lifecycle"], scope.grace_period, where.child("lifecycle")
            )
        errors += handlers.validate_probes(container, scope.grace_period, where)
        errors += _restart_rules(container, where)
    return errors + _host_port_conflicts(containers, path)


def validate_init_containers(
    containers: Sequence[Any], regular: Sequence[Any], scope: PodScope, path: Path
) -> Errors:
    errors: Errors = []
    names = {container.get("name", "") for container in regular}
    for index, container in enumerate(containers):
        where = path.index(index)
        errors += _common(container, scope, where)
        if container.get("restartPolicy") is not None:
            errors += _restart_rules(container, where)
        elif container.get("restartPolicyRules"):
            errors.append(fields.required(where.child("restartPolicy"), _NO_RESTART_POLICY))
        name = container.get("name", "")
        if name in names:
            errors.append(fields.duplicate(where.child("name"), name))
        elif name:
            names.add(name)
        errors += _host_port_conflicts([container], path)
        errors += _init_hooks(container, scope, where)
    return errors


def _init_hooks(container: Any, scope: PodScope, path: Path) -> Errors:
    """Only sidecars, init containers that restart always, have hooks and probes."""
    errors: Errors = []
    if container.get("restartPolicy") == "Always":
        if container.get("lifecycle") is not None:
            errors += handlers.validate_lifecycle(
                container["lifecycle"], scope.grace_period, path.child("lifecycle")
            )
        return errors + handlers.validate_probes(container, scope.grace_period, path)
    for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            errors.append(fields.forbidden(path.child(name), _INIT_ONLY_SIDECAR))
    for index, policy in enumerate(container.get("resizePolicy") or ()):
        if policy.get("restartPolicy") == "RestartContainer":
            where = path.child("resizePolicy").index(index).child("restartPolicy")
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            errors.append(fields.invalid(where, "RestartContainer", detail))
    return errors


_EPHEMERAL_FORBIDDEN = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
_EPHEMERAL_POINTERS = frozenset(("restartPolicy", "lifecycle"))
"""Even empty ones are set."""
_NOT_FOR_EPHEMERAL = "cannot be set for an Ephemeral Container"


def validate_ephemeral_containers(
    containers: Sequence[Any], others: Sequence[Any], scope: PodScope, path: Path
) -> Errors:
    errors: Errors = []
    other_names = {container.get("name", "") for container in others}
    names = set(other_names)
    for index, container in enumerate(containers):
        where = path.index(index)
        errors += _common(container, scope, where)
        errors += only_for_pod(container, where)
        name = container.get("name", "")
        if name in names:
            errors.append(fields.duplicate(where.child("name"), name))
        names.add(name)
        target = container.get("targetContainerName")
        if target and target not in other_names:
            errors.append(fields.not_found(where.child("targetContainerName"), target))
        for unset in _EPHEMERAL_FORBIDDEN:
            value = container.get(unset)
            if value is not None and (value or unset in _EPHEMERAL_POINTERS):
                errors.append(fields.forbidden(where.child(unset), _NOT_FOR_EPHEMERAL))
        errors += _no_sub_paths(container, where.child("volumeMounts"))
    return errors


def _no_sub_paths(container: Any, path: Path) -> Errors:
    return [
        fields.forbidden(path.index(index).child(name), _NOT_FOR_EPHEMERAL)
        for index, mount in enumerate(container.get("volumeMounts") or ())
        for name in ("subPath", "subPathExpr")
        if mount.get(name)
    ]


def only_for_pod(container: Any, path: Path) -> Errors:
    image = container.get("image", "")
    if image == image.strip():
        return []
    detail = "must not have leading or trailing whitespace"
    return [fields.invalid(path.child("image"), image, detail)]


def _common(container: Any, scope: PodScope, path: Path) -> Errors:
    errors: Errors = []
    if rules.required(container, "name", path, errors) and formats.dns1123_label(container["name"]):
        errors += rules.dns_label(container["name"], path.child("name"))
    rules.required(container, "image", path, errors)
    policy = container.get("terminationMessagePolicy")
    if policy not in _MESSAGE_POLICIES:
        where = path.child("terminationMessagePolicy")
        errors += rules.required_one_of(policy, where, _MESSAGE_POLICIES)
    if ports := container.get("ports"):
        errors += _ports(ports, path.child("ports"))
    if variables := container.get("env"):
        errors += environment.validate_env(variables, path.child("env"))
    if sources := container.get("envFrom"):
        errors += environment.validate_env_from(sources, path.child("envFrom"))
    if container.get("volumeMounts"):
        errors += _mounts(container, scope.volumes, path.child("volumeMounts"))
    if container.get("volumeDevices"):
        errors += _devices(container, scope.volumes, path.child("volumeDevices"))
    pull_policy = container.get("imagePullPolicy")
    errors += volume_sources.pull_policy(pull_policy, path.child("imagePullPolicy"))
    if requirements := container.get("resources"):
        where = path.child("resources")
        errors += quantities.validate_requirements(requirements, scope.claims, where)
    if policies := container.get("resizePolicy"):
        errors += _resize_policy(policies, scope.restart_policy, path.child("resizePolicy"))
    if context := container.get("securityContext"):
        errors += security.validate_container_context(
            context, path.child("securityContext"), host_users=scope.host_users
        )
    return errors


def _ports(ports: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = path.index(index)
        if name := port.get("name"):
            details = formats.port_name(name)
            # The real loop reuses its index for the details, so later paths would be off; only
            # the path of this port is shown, which was made before.
            errors += [fields.invalid(where.child("name"), name, d) for d in details]
            if not details and name in names:
                errors.append(fields.duplicate(where.child("name"), name))
            elif not details:
                names.add(name)
        number = port.get("containerPort", 0)
        if not number:
            errors.append(fields.required(where.child("containerPort")))
        elif not 1 <= number <= 65535:
            errors += rules.port_number(number, where.child("containerPort"))
        if host_port := port.get("hostPort"):
            errors += rules.port_number(host_port, where.child("hostPort"))
        if port.get("protocol") not in PROTOCOLS:
            errors += rules.required_one_of(
                port.get("protocol"), where.child("protocol"), PROTOCOLS
            )
    return errors


def _mounts(container: Any, volumes: Volumes, path: Path) -> Errors:
    errors: Errors = []
    devices = {
        d.get("name", ""): d.get("devicePath", "") for d in container.get("volumeDevices", ())
    }
    taken: set[str] = set()
    for index, mount in enumerate(container["volumeMounts"]):
        where = path.index(index)
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        rules.required(mount, "name", where, errors)
        if name not in volumes:
            errors.append(fields.not_found(where.child("name"), name))
        rules.required(mount, "mountPath", where, errors)
        if target in taken:
            errors.append(fields.invalid(where.child("mountPath"), target, "must be unique"))
        taken.add(target)
        if name in devices:
            detail = "must not already exist in volumeDevices"
            errors.append(fields.invalid(where.child("name"), name, detail))
        if target in devices.values():
            detail = "must not already exist as a path in volumeDevices"
            errors.append(fields.invalid(where.child("mountPath"), target, detail))
        if len(mount) > 2:
            errors += _mount_options(mount, container, where, path)
    return errors


def _mount_options(mount: Any, container: Any, where: Path, path: Path) -> Errors:
    """Some of these are reported at the list, not at the mount, as the real server does."""
    errors: Errors = []
    sub_path, expression = mount.get("subPath", ""), mount.get("subPathExpr", "")
    if sub_path:
        errors += rules.local_descending_path(sub_path, path.child("subPath"))
    if expression:
        if sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            errors.append(fields.invalid(where.child("subPathExpr"), expression, detail))
        errors += rules.local_descending_path(expression, path.child("subPathExpr"))
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        at = path.child("mountPropagation")
        errors += rules.one_of(propagation, at, _PROPAGATIONS)
        privileged = (container.get("securityContext") or {}).get("privileged")
        if propagation == "Bidirectional" and not privileged:
            detail = "Bidirectional mount propagation is available only to privileged containers"
            errors.append(fields.forbidden(at, detail))
    return errors + _recursive_read_only(mount, path.child("recursiveReadOnly"))


def _recursive_read_only(mount: Any, path: Path) -> Errors:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return []
    if mode not in _READ_ONLY:
        return [fields.not_supported(path, mode, _READ_ONLY)]
    errors: Errors = []
    if not mount.get("readOnly"):
        errors.append(fields.forbidden(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation", "None") != "None":
        detail = "may only be specified when mountPropagation is None or not specified"
        errors.append(fields.forbidden(path, detail))
    return errors


def _devices(container: Any, volumes: Volumes, path: Path) -> Errors:
    errors: Errors = []
    mounts = {m.get("name", ""): m.get("mountPath", "") for m in container.get("volumeMounts", ())}
    names: set[str] = set()
    targets: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        where = path.index(index)
        at_name, at_path = where.child("name"), where.child("devicePath")
        name, target = device.get("name", ""), device.get("devicePath", "")
        rules.required(device, "name", where, errors)
        if name in names:
            errors.append(fields.invalid(at_name, name, "must be unique"))
        volume = volumes.get(name)
        if volume is None:
            errors.append(fields.not_found(at_name, name))
        elif "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            detail = (
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for "
                "block mode"
            )
            errors.append(fields.invalid(at_name, name, detail))
        rules.required(device, "devicePath", where, errors)
        if target in targets:
            errors.append(fields.invalid(at_path, target, "must be unique"))
        if ".." in target.split("/"):
            detail = "can not contain backsteps ('..')"
            errors.append(fields.invalid(at_path, target, detail))
        else:
            targets.add(target)
        if name in mounts:
            detail = "must not already exist in volumeMounts"
            errors.append(fields.invalid(at_name, name, detail))
        if target in mounts.values():
            detail = "must not already exist as a path in volumeMounts"
            errors.append(fields.invalid(at_path, target, detail))
        if name:
            names.add(name)
    return errors


def _resize_policy(policies: Sequence[Any], restart_policy: str, path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            errors.append(fields.duplicate(path.index(index), name))
        seen.add(name)
        errors += rules.required_one_of(name, path, ("cpu", "memory"))
        errors += rules.required_one_of(restart, path, ("NotRequired", "RestartContainer"))
        if restart_policy == "Never" and restart != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(fields.invalid(path, restart, detail))
    return errors


_NO_RESTART_POLICY = "must specify restartPolicy when restart rules are used"


def _restart_rules(container: Any, path: Path) -> Errors:
    policy, given = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is None and not given:
        return []
    errors: Errors = []
    if policy is None:
        errors.append(fields.required(path.child("restartPolicy"), _NO_RESTART_POLICY))
    else:
        errors += rules.one_of(policy, path.child("restartPolicy"), _RESTART_POLICIES)
    where = path.child("restartPolicyRules")
    if len(given) > 20:
        errors.append(fields.too_many(where, len(given), 20))
    for index, rule in enumerate(given):
        errors += _restart_rule(rule, where.index(index))
    return errors


def _restart_rule(rule: Any, path: Path) -> Errors:
    errors = rules.one_of(rule.get("action", ""), path.child("action"), _RESTART_ACTIONS)
    codes = rule.get("exitCodes")
    where = path.child("exitCodes")
    if codes is None:
        return [*errors, fields.required(where, "must be specified")]
    errors += rules.one_of(codes.get("operator", ""), where.child("operator"), ("In", "NotIn"))
    count = len(codes.get("values") or ())
    if count > 255:
        errors.append(fields.too_many(where.child("values"), count, 255))
    return errors


def _host_port_conflicts(containers: Sequence[Any], path: Path) -> Errors:
    errors: Errors = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in taken:
                where = path.index(index).child("ports").index(position).child("hostPort")
                errors.append(fields.duplicate(where, key))
            taken.add(key)
    return errors
