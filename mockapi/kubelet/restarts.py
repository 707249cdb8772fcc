"""Whether a container is started again. Source: pkg/api/v1/pod and kubelet/container helpers."""

from typing import Any

Obj = dict[str, Any]

RESTART = "Restart"
RESTART_ALL = "RestartAllContainers"


def is_sidecar(init_container: Obj) -> bool:
    """An init container that keeps running beside the main ones."""
    return init_container.get("restartPolicy") == "Always"


def matching_rule(container: Obj, exit_code: int) -> Obj | None:
    """The first of the container's restart rules that speaks of this exit code."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes")
        if not codes:
            continue
        listed = exit_code in (codes.get("values") or ())
        operator = codes.get("operator")
        if (operator == "In" and listed) or (operator == "NotIn" and not listed):
            found: Obj = rule
            return found
    return None


def should_restart(container: Obj, spec: Obj, exit_code: int) -> bool:
    """By the container's rules, its own policy, then the pod's."""
    policy = container.get("restartPolicy")
    if policy is not None:
        rule = matching_rule(container, exit_code)
        if rule is not None and rule.get("action") in (RESTART, RESTART_ALL):
            return True
    return _by_policy(policy or spec.get("restartPolicy", "Always"), exit_code)


def _by_policy(policy: str, exit_code: int) -> bool:
    if policy == "Never":
        return False
    return policy != "OnFailure" or exit_code != 0


def restarts_after_probe_failure(container: Obj, spec: Obj) -> bool:
    """The rules need an exit code, so only the policies count while it still runs."""
    return bool(container.get("restartPolicy", spec.get("restartPolicy", "Always")) != "Never")


def restarts_all(container: Obj, exit_code: int) -> bool:
    rule = matching_rule(container, exit_code)
    return rule is not None and rule.get("action") == RESTART_ALL


def could_restart_all(spec: Obj) -> bool:
    containers = [*spec.get("initContainers", ()), *spec.get("containers", ())]
    return any(
        rule.get("action") == RESTART_ALL
        for container in containers
        for rule in container.get("restartPolicyRules") or ()
    )
