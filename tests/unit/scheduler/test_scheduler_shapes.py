"""What pods of one template share, and when a newer version of a pod changes nothing."""

from typing import Any

from mockapi.scheduler.pods import PodInfo

Obj = dict[str, Any]


def _pod(name: str = "p", *, status: Obj | None = None, **spec: Any) -> Obj:
    mount = {"name": f"token-{name}", "mountPath": "/var/run"}
    container = {
        "name": "c",
        "image": "nginx",
        "resources": {"requests": {"cpu": "100m"}},
        "volumeMounts": [mount],
    }
    volumes = [{"name": f"token-{name}", "projected": {"sources": []}}]
    return {
        "metadata": {"name": name, "namespace": "default", "uid": name},
        "spec": {"containers": [container], "volumes": volumes, **spec},
        "status": status or {},
    }


def _running(cpu: str) -> Obj:
    resources = {"allocatedResources": {"cpu": cpu}, "resources": {"requests": {"cpu": cpu}}}
    return {"containerStatuses": [{"name": "c", "ready": True, **resources}]}


def test_pods_that_differ_in_names_only_have_one_shape() -> None:
    assert PodInfo(_pod("a")).shape is PodInfo(_pod("b")).shape


def test_a_claim_makes_a_shape_of_its_own() -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}]
    pod = PodInfo(_pod(volumes=volumes))
    assert pod.shape is not PodInfo(_pod()).shape
    assert pod.claims == ("data-0",)


def test_a_status_that_allocates_what_is_requested_is_followed() -> None:
    pod, running = PodInfo(_pod()), _pod(status=_running("100m"))
    assert pod.follow(running)
    assert pod.pod is running


def test_a_resize_is_not_followed() -> None:
    pod, resized = PodInfo(_pod()), _pod(status=_running("300m"))
    assert not pod.follow(resized)
    assert (pod.usage.requests.cpu, PodInfo(resized).usage.requests.cpu) == (100, 300)


def test_another_spec_is_not_followed() -> None:
    assert not PodInfo(_pod()).follow(_pod(tolerations=[{"operator": "Exists"}]))


def test_terms_are_those_of_the_pods_namespace() -> None:
    term = {"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "zone"}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    spec = _pod(affinity={"podAntiAffinity": required})
    other = {**spec, "metadata": {**spec["metadata"], "namespace": "other"}}
    found = [PodInfo(pod).terms.required_anti[0].namespaces for pod in (spec, other)]
    assert found == [{"default"}, {"other"}]
