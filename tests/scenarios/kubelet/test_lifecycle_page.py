"""docs/lifecycle.md tells the truth: all its pods are run again and kubectl is asked again."""

from scripts.docs.lifecycle import PAGE, Page
from scripts.docs.lifecycle_states import contents


def test_the_page_is_what_kubectl_shows() -> None:
    assert PAGE.read_text() == Page().run(), "run: python -m scripts.docs.lifecycle"


NAMES = [
    "Pending",
    "Unschedulable",
    "PodScheduled",
    "ContainerCreating",
    "PodInitializing",
    "Init:0/2",
    "Init:1/2",
    "Init:Error",
    "Init:CrashLoopBackOff",
    "ContainersNotInitialized",
    "ContainersNotReady",
    "Initialized",
    "Running",
    "Ready",
    "Completed",
    "Error",
    "Failed",
    "Succeeded",
    "Evicted",
    "OOMKilled",
    "Unknown",
    "NodeLost",
    "Waiting",
    "Terminating",
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ImageInspectError",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "DockerDaemonNotReady",
    "ContainerRuntimeNotReady",
    "NetworkPluginNotReady",
    "SchedulingGated",
]


def test_every_state_and_reason_has_a_section() -> None:
    shown = {name for state in contents().states for name in (state.title, *state.names)}
    assert set(NAMES) - shown == set()
    pending = {state.title for state in contents().states if state.status == "Pending"}
    for why in (
        "insufficient cpu",
        "insufficient memory",
        "insufficient pods",
        "untolerated taint",
    ):
        assert f"Pending: {why}" in pending
    assert {"Pending: node selector", "Pending: node affinity", "Pending: unbound claim"} <= pending
