"""Which checks a level of some version consists of. Source: pod-security-admission
policy/registry.go and the versions in policy/check_*.go."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from mockapi.machinery.podsecurity import baseline, restricted
from mockapi.machinery.podsecurity.baseline import Check, Refusal, with_own_users
from mockapi.machinery.podsecurity.levels import BASELINE, PRIVILEGED, Level
from mockapi.machinery.podsecurity.pods import Pod
from mockapi.machinery.podsecurity.restricted import but_windows

_NEWEST: Final = 37
"""The newest minor in which a check has changed: later ones are judged by it."""
Versions = Sequence[tuple[int, Check]]
"""(the first minor, the check from then on)"""

_BASELINE: Final[Mapping[str, Versions]] = {
    "appArmorProfile": [(0, baseline.app_armor_profile)],
    "capabilities_baseline": [(0, baseline.capabilities)],
    "hostNamespaces": [(0, baseline.host_namespaces)],
    "hostPathVolumes": [(0, baseline.host_path_volumes)],
    "hostPorts": [(0, baseline.host_ports)],
    "hostProbesAndHostLifecycle": [(34, baseline.host_probes)],
    "privileged": [(0, baseline.privileged)],
    "procMount": [(0, baseline.proc_mount), (35, with_own_users(baseline.proc_mount))],
    "seLinuxOptions": [
        (0, baseline.selinux_options()),
        (31, baseline.selinux_options(frozenset(("container_engine_t",)))),
    ],
    "seccompProfile_baseline": [
        (0, baseline.seccomp_annotations),
        (19, baseline.seccomp_profile),
    ],
    "sysctls": [(minor, baseline.sysctls(minor)) for minor in (0, 27, 29, 32, 37)],
    "windowsHostProcess": [(0, baseline.windows_host_process)],
}
_RESTRICTED: Final[Mapping[str, Versions]] = {
    "allowPrivilegeEscalation": [
        (8, restricted.privilege_escalation),
        (25, but_windows(restricted.privilege_escalation)),
    ],
    "capabilities_restricted": [
        (22, restricted.capabilities),
        (25, but_windows(restricted.capabilities)),
    ],
    "procMount_restricted": [(35, baseline.proc_mount)],
    "restrictedVolumes": [(0, restricted.restricted_volumes)],
    "runAsNonRoot": [
        (0, restricted.run_as_non_root),
        (35, with_own_users(restricted.run_as_non_root)),
    ],
    "runAsUser": [(23, restricted.run_as_user), (35, with_own_users(restricted.run_as_user))],
    "seccompProfile_restricted": [
        (19, restricted.seccomp_profile_set),
        (25, but_windows(restricted.seccomp_profile_set)),
    ],
}
# A stricter check stands in for the one of the baseline.
_INSTEAD: Final = {
    "capabilities_restricted": "capabilities_baseline",
    "procMount_restricted": "procMount",
    "restrictedVolumes": "hostPathVolumes",
    "seccompProfile_restricted": "seccompProfile_baseline",
}


def refusals(level: Level, pod: Pod) -> list[Refusal]:
    """What a pod does against a level, in the order of the real messages."""
    if level.name == PRIVILEGED:
        return []
    minor = _NEWEST if level.minor is None else min(level.minor, _NEWEST)
    found = (check(pod) for check in _checks(level.name, minor))
    return [refusal for refusal in found if refusal is not None]


def detail(refusals: Sequence[Refusal]) -> str:
    """All of them in one text, each with its details."""
    return ", ".join(f"{reason} ({text})" for reason, text in refusals)


def reasons(refusals: Sequence[Refusal]) -> str:
    return ", ".join(reason for reason, _ in refusals)


@cache
def _checks(name: str, minor: int) -> tuple[Check, ...]:
    own, common = _of(_RESTRICTED, minor), _of(_BASELINE, minor)
    if name == BASELINE:
        return tuple(common.values())
    replaced = {_INSTEAD.get(added) for added in own}
    kept = [check for each, check in common.items() if each not in replaced]
    return (*kept, *own.values())


def _of(checks: Mapping[str, Versions], minor: int) -> dict[str, Check]:
    """Sorted by name, as the real ones are."""
    found = {}
    for name in sorted(checks):
        versions = [check for since, check in checks[name] if since <= minor]
        if versions:
            found[name] = versions[-1]
    return found
