"""Security contexts of pods and containers, and the annotations that came before them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mockapi.machinery.validation import formats, internal, rules
from mockapi.meta import fields, gofmt
from mockapi.meta.fields import FieldError, Path

Errors = rules.Errors

_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL = re.compile("([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?")
_SYSCTL_TEXT = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_IPC_SYSCTLS = frozenset(
    f"kernel.{name}"
    for name in (
        "sem",
        "shmall",
        "shmmax",
        "shmmni",
        "shm_rmid_forced",
        "shm",
        "msgmax",
        "msgmnb",
        "msgmni",
        "msg",
    )
)


def containers_of(spec: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """All containers with their paths: init, regular, ephemeral."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            yield container, path.child(kind).index(index)


def _ids(context: Any, names: tuple[str, ...], path: Path) -> Errors:
    errors: Errors = []
    for name in names:
        if (number := context.get(name)) is not None:
            for detail in formats.user_or_group_id(number):
                errors.append(fields.invalid(path.child(name), number, detail))
    return errors


def validate_pod_context(context: Any, spec: Any, path: Path) -> Errors:
    if not context:
        return []
    errors = _ids(context, ("fsGroup", "runAsUser", "runAsGroup"), path)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        for detail in formats.user_or_group_id(group):
            where = path.child("supplementalGroups").index(index)
            errors.append(fields.invalid(where, group, detail))
    if context.get("sysctls"):
        errors += _sysctls(context["sysctls"], spec, path.child("sysctls"))
    errors += _choice(context, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), path)
    errors += _seccomp(context.get("seccompProfile"), path.child("seccompProfile"))
    errors += _windows(context.get("windowsOptions"), path.child("windowsOptions"))
    errors += _app_armor(context.get("appArmorProfile"), path.child("appArmorProfile"))
    errors += _choice(context, "supplementalGroupsPolicy", ("Merge", "Strict"), path)
    errors += _choice(context, "seLinuxChangePolicy", ("MountOption", "Recursive"), path)
    return errors


def _choice(holder: Any, name: str, valid: tuple[str, ...], path: Path) -> Errors:
    value = holder.get(name)
    return [] if value is None else rules.one_of(value, path.child(name), valid)


def validate_container_context(context: Any, path: Path, *, host_users: bool) -> Errors:
    if not context:
        return []
    errors = _ids(context, ("runAsUser", "runAsGroup"), path)
    mount = context.get("procMount")
    if mount is not None:
        where = path.child("procMount")
        errors += rules.one_of(mount, where, ("Default", "Unmasked"))
        if host_users and mount == "Unmasked":
            detail = "`hostUsers` must be false to use `Unmasked`"
            errors.append(fields.invalid(where, mount, detail))
    errors += _seccomp(context.get("seccompProfile"), path.child("seccompProfile"))
    errors += _escalation(context, path)
    errors += _windows(context.get("windowsOptions"), path.child("windowsOptions"))
    errors += _app_armor(context.get("appArmorProfile"), path.child("appArmorProfile"))
    return errors


def _escalation(context: Any, path: Path) -> Errors:
    if context.get("allowPrivilegeEscalation") is not False:
        return []
    errors: Errors = []
    shown = internal.shown("core.SecurityContext", context)
    if context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(fields.invalid(path, shown, detail))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            detail = (
                "cannot set `allowPrivilegeEscalation` to false and "
                "`capabilities.Add` CAP_SYS_ADMIN"
            )
            errors.append(fields.invalid(path, shown, detail))
    return errors


def _sysctls(sysctls: Any, spec: Any, path: Path) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name = sysctl.get("name", "")
        where = path.index(index).child("name")
        if not name:
            errors.append(fields.required(where))
        elif len(name) > 253 or not _SYSCTL.fullmatch(name):
            detail = f"must have at most 253 characters and match regex {_SYSCTL_TEXT}"
            errors.append(fields.invalid(where, name, detail))
        elif name in seen:
            errors.append(fields.duplicate(where, name))
        errors += _host_sysctl(name, spec, where)
        seen.add(name)
    return errors


def _host_sysctl(name: str, spec: Any, path: Path) -> Errors:
    dotted = name.replace("/", ".") if name.find("/") < name.find(".") or "." not in name else name
    dotted = dotted.partition("*")[0]
    if spec.get("hostNetwork") and dotted.startswith("net."):
        detail = "may not be specified when 'hostNetwork' is true"
        return [fields.invalid(path, name, detail)]
    of_ipc = dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue.")
    if spec.get("hostIPC") and of_ipc:
        return [fields.invalid(path, name, "may not be specified when 'hostIPC' is true")]
    return []


def _seccomp(profile: Any, path: Path) -> Errors:
    if profile is None:
        return []
    kind = profile.get("type", "")
    errors: Errors = []
    if not kind:
        detail = "type is required when seccompProfile is set"
        errors.append(fields.required(path.child("type"), detail))
    else:
        errors += rules.one_of(kind, path.child("type"), _PROFILE_TYPES)
    where = path.child("localhostProfile")
    local = profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            detail = "must be set when seccomp type is Localhost"
            return [*errors, fields.required(where, detail)]
        return errors + rules.local_descending_path(local, where)
    if local is not None:
        detail = "can only be set when seccomp type is Localhost"
        errors.append(fields.invalid(where, internal.shown("core.SeccompProfile", profile), detail))
    return errors


def _app_armor(profile: Any, path: Path) -> Errors:
    if profile is None:
        return []
    kind = profile.get("type", "")
    where = path.child("localhostProfile")
    local = profile.get("localhostProfile")
    if kind == "Localhost":
        return _app_armor_local(local, where)
    if kind in ("RuntimeDefault", "Unconfined"):
        if local is None:
            return []
        return [fields.invalid(where, local, "can only be set when AppArmor type is Localhost")]
    if not kind:
        detail = "type is required when appArmorProfile is set"
        return [fields.required(path.child("type"), detail)]
    return [fields.not_supported(path.child("type"), kind, _PROFILE_TYPES)]


def _app_armor_local(local: str | None, path: Path) -> Errors:
    needed = "must be set when AppArmor type is Localhost"
    if local is None:
        return [fields.required(path, needed)]
    errors: Errors = []
    if local.strip() != local:
        errors.append(fields.invalid(path, local, "must not be padded with whitespace"))
    elif not local:
        errors.append(fields.required(path, needed))
    if formats.size(local) > 4095:
        errors.append(fields.too_long(path, 4095))
    return errors


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NETBIOS = re.compile(r'[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}')
_DNS_DOMAIN = re.compile(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_BAD_USER = re.compile(r'["/\\:;|=,\+\*\?<>@\[\]]')


def _windows(options: Any, path: Path) -> Errors:
    if not options:
        return []
    errors: Errors = []
    name = options.get("gmsaCredentialSpecName")
    if name is not None:
        errors += rules.dns_subdomain(name, path.child("gmsaCredentialSpecName"))
    credential = options.get("gmsaCredentialSpec")
    if credential is not None and not 0 < formats.size(credential) <= 64 * 1024:
        detail = (
            "gmsaCredentialSpec size must be under 64 KiB"
            if credential
            else "gmsaCredentialSpec cannot be an empty string"
        )
        errors.append(fields.invalid(path.child("gmsaCredentialSpec"), credential, detail))
    user = options.get("runAsUserName")
    if user is not None:
        where = path.child("runAsUserName")
        errors += [fields.invalid(where, user, f"runAsUserName{d}") for d in _user_details(user)]
    return errors


def _user_details(name: str) -> list[str]:
    if not name:
        return [" cannot be an empty string"]
    if _CONTROL.search(name):
        return [" cannot contain control characters"]
    if name.count("\\") > 1:
        return [" cannot contain more than one backslash"]
    domain, slash, user = name.rpartition("\\")
    details = []
    if len(domain) >= 256:
        details.append("'s Domain length must be under 256 characters")
    if slash and not (_NETBIOS.fullmatch(domain) or _DNS_DOMAIN.fullmatch(domain)):
        details.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        details.append("'s User cannot be empty")
    elif len(user) > 104:
        details.append("'s User length must not be longer than 104 characters")
    if user and not user.strip(". "):
        details.append("'s User cannot contain only periods or spaces")
    if _BAD_USER.search(user):
        details.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return details


def validate_host_process(spec: Any, path: Path) -> Errors:
    """Windows host-process pods: all containers or none, on the host's network."""
    pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    errors: Errors = []
    total = count = 0
    for container, where in containers_of(spec, path):
        total += 1
        options = (container.get("securityContext") or {}).get("windowsOptions") or {}
        own = options.get("hostProcess")
        if pod is not None and own is not None and pod != own:
            shown = gofmt.value(pod)
            detail = f"pod hostProcess value must be identical if both are specified, was {shown}"
            where = where.child("securityContext", "windowsOptions", "hostProcess")
            errors.append(fields.invalid(where, own, detail))
        count += bool(pod if own is None else own)
    if not count:
        return errors
    if count != total:
        detail = (
            "If pod contains any hostProcess containers then all containers must be "
            "HostProcess containers"
        )
        errors.append(fields.invalid(path, "", detail))
    if not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(fields.invalid(path.child("hostNetwork"), False, detail))
    return errors


_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_LOCALHOST = "localhost/"


def _seccomp_annotation(profile: str, path: Path) -> Errors:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return []
    if profile.startswith(_LOCALHOST):
        return rules.local_descending_path(profile.removeprefix(_LOCALHOST), path)
    return [fields.invalid(path, profile, "must be a valid seccomp profile")]


def validate_annotations(annotations: Mapping[str, str], spec: Any, path: Path) -> Errors:
    """The seccomp and AppArmor annotations."""
    errors: Errors = []
    if (profile := annotations.get(_SECCOMP_POD)) is not None:
        errors += _seccomp_annotation(profile, path.child(_SECCOMP_POD))
    for key, profile in annotations.items():
        if key.startswith(_SECCOMP_CONTAINER):
            errors += _seccomp_annotation(profile, path.child(key))
    for key, profile in annotations.items():
        if key.startswith(APP_ARMOR):
            errors += _app_armor_annotation(key, profile, spec, path.key(key))
    return errors


def _app_armor_annotation(key: str, profile: str, spec: Any, path: Path) -> Errors:
    errors: Errors = []
    name = key.removeprefix(APP_ARMOR)
    if not any(c.get("name") == name for c, _ in containers_of(spec, path)):
        errors.append(fields.invalid(path, name, "container not found"))
    if profile not in ("", "runtime/default", "unconfined") and not profile.startswith(_LOCALHOST):
        detail = f"invalid AppArmor profile name: {gofmt.quote(profile)}"
        errors.append(fields.invalid(path, profile, detail))
    return errors


def _mismatch(annotation: str, profile: Any, path: Path, what: str) -> FieldError | None:
    kind = profile.get("type")
    wrong_type = fields.forbidden(
        path.child("type"), f"{what} type in annotation and field must match"
    )
    if kind == "Unconfined":
        return None if annotation == "unconfined" else wrong_type
    if kind == "RuntimeDefault":
        docker = what == "seccomp" and annotation == "docker/default"
        return None if docker or annotation == "runtime/default" else wrong_type
    if kind != "Localhost":
        return None
    if not annotation.startswith(_LOCALHOST):
        return wrong_type
    if annotation.removeprefix(_LOCALHOST) == profile.get("localhostProfile"):
        return None
    return fields.forbidden(
        path.child("localhostProfile"), f"{what} profile in annotation and field must match"
    )


def validate_fields_match_annotations(
    annotations: Mapping[str, str], spec: Any, path: Path
) -> Errors:
    """Fields and the annotations they replace must not contradict each other."""
    found: list[FieldError | None] = []
    context = spec.get("securityContext") or {}
    seccomp, armor = context.get("seccompProfile"), context.get("appArmorProfile")
    if seccomp is not None and _SECCOMP_POD in annotations:
        where = path.child("securityContext", "seccompProfile")
        found.append(_mismatch(annotations[_SECCOMP_POD], seccomp, where, "seccomp"))
    for container, where in containers_of(spec, path):
        own = (container.get("securityContext") or {}).get("seccompProfile")
        annotation = annotations.get(_SECCOMP_CONTAINER + container.get("name", ""))
        if own is not None and annotation is not None:
            where = where.child("securityContext", "seccompProfile")
            found.append(_mismatch(annotation, own, where, "seccomp"))
    if (spec.get("os") or {}).get("name") == "windows":
        return [error for error in found if error]
    for container, where in containers_of(spec, path):
        own = (container.get("securityContext") or {}).get("appArmorProfile", armor)
        annotation = annotations.get(APP_ARMOR + container.get("name", ""))
        if own is not None and annotation is not None:
            where = where.child("securityContext", "appArmorProfile")
            found.append(_mismatch(annotation, own, where, "apparmor"))
    return [error for error in found if error]
