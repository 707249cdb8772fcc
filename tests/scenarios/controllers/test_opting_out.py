"""`mockapi.dev/controllers` keeps controllers off an object or a namespace."""

from collections.abc import Iterator

import pytest

from mockapi.client.protocol import Client, Obj
from mockapi.composition import Cluster
from mockapi.meta.errors import ApiError
from mockapi.settings import Settings

DEPLOYMENTS, JOBS = "apps/v1/deployments", "batch/v1/jobs"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(Settings(clock="manual", nodes=1, seed=1))
    made.start(listen=False)
    yield made
    made.stop()


@pytest.fixture
def client(cluster: Cluster) -> Client:
    return cluster.clients.client("kubectl")


def deployment(note: str | None = None) -> Obj:
    labels = {"app": "web"}
    pod = {"containers": [{"name": "c", "image": "nginx:1"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    metadata: Obj = {"name": "web"}
    if note is not None:
        metadata["annotations"] = {"mockapi.dev/controllers": note}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def job() -> Obj:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]}
    spec = {"template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec}


@pytest.mark.parametrize("note", ["-deployment", "-deployment-controller", "-job, -deployment"])
def test_an_object_keeps_off_the_controllers_it_names(
    cluster: Cluster, client: Client, note: str
) -> None:
    client.create(DEPLOYMENTS, "default", deployment(note))
    cluster.advance(10)
    assert client.list("apps/v1/replicasets", "default").items == []
    assert client.get(DEPLOYMENTS, "default", "web")["status"] == {}


def test_other_controllers_are_not_kept_off(cluster: Cluster, client: Client) -> None:
    client.create(DEPLOYMENTS, "default", deployment("-job"))
    cluster.advance(30)
    assert client.get(DEPLOYMENTS, "default", "web")["status"]["availableReplicas"] == 1


def test_a_deployment_hands_its_annotation_on_to_its_sets(cluster: Cluster, client: Client) -> None:
    client.create(DEPLOYMENTS, "default", deployment("-replicaset"))
    cluster.advance(10)
    (made,) = client.list("apps/v1/replicasets", "default").items
    assert made["status"] == {"replicas": 0}


def test_a_namespace_keeps_controllers_off_what_is_in_it(cluster: Cluster, client: Client) -> None:
    note = {"metadata": {"annotations": {"mockapi.dev/controllers": "-*"}}}
    client.patch("v1/namespaces", "", "default", note)
    client.create(JOBS, "default", job())
    cluster.advance(60)
    assert client.list("v1/pods", "default").items == []
    status = {"status": {"active": 7}}
    client.patch(JOBS, "default", "work", status, subresource="status")
    cluster.advance(60)
    assert client.get(JOBS, "default", "work")["status"] == {"active": 7}


def test_controllers_come_back_when_the_annotation_goes(cluster: Cluster, client: Client) -> None:
    client.create(DEPLOYMENTS, "default", deployment("-*"))
    cluster.advance(10)
    gone = {"metadata": {"annotations": {"mockapi.dev/controllers": None}}}
    client.patch(DEPLOYMENTS, "default", "web", gone)
    cluster.advance(30)
    assert client.get(DEPLOYMENTS, "default", "web")["status"]["availableReplicas"] == 1


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (
            "-deploymnt",
            '"deploymnt" is not in the list of known controllers; did you mean "deployment"?',
        ),
        ("deployment", 'controllers are kept off by a leading dash: "-deployment"'),
        ("-xyzzy", '"xyzzy" is not in the list of known controllers'),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest_right_one(
    client: Client, note: str, said: str
) -> None:
    with pytest.raises(ApiError) as caught:
        client.create(DEPLOYMENTS, "default", deployment(note))
    assert (caught.value.code, caught.value.message) == (
        422,
        'Deployment.apps "web" is invalid: metadata.annotations[mockapi.dev/controllers]: '
        f'Invalid value: "{note}": {said}',
    )
