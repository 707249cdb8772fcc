"""Objects that no server accepts today but an older one may have stored: no controller crashes on
them, none spins, and the others go on."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
LABELS = {"app": "a"}
SELECTOR = {"matchLabels": LABELS}
TEMPLATE: Obj = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
NEVER: Obj = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
HOUR = 3600.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(Settings(clock="manual", nodes=1, kubelet=False, scheduler=False, seed=1))
    made.start(listen=False)
    yield made
    made.stop()


def store(cluster: Cluster, resource: str, kind: str, spec: Any, **more: Any) -> None:
    """Past validation, as it would lie in a database."""
    found = cluster.registry.find_text(resource)
    metadata = {
        "name": "odd",
        "namespace": "default",
        "uid": cluster.ids.uid(),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 1,
        **more.pop("metadata", {}),
    }
    version = resource.rpartition("/")[0]
    obj = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, **more}
    cluster.pipeline.writer.put_new(found.path("default", "odd"), obj)
    cluster.settle()


def events(cluster: Cluster) -> list[tuple[str, str, str]]:
    client = cluster.clients.client("kubectl")
    return [
        (event["type"], event["reason"], event["message"])
        for event in client.list("v1/events", "default").items
        if event["involvedObject"]["name"] == "odd"
    ]


@pytest.mark.parametrize(
    ("resource", "kind", "spec"),
    [
        ("apps/v1/deployments", "Deployment", {}),
        ("apps/v1/deployments", "Deployment", {"selector": {}, "template": TEMPLATE}),
        ("apps/v1/deployments", "Deployment", {"selector": SELECTOR, "template": {}}),
        (
            "apps/v1/deployments",
            "Deployment",
            {
                "selector": SELECTOR,
                "template": TEMPLATE,
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "many"}},
            },
        ),
        ("apps/v1/replicasets", "ReplicaSet", {}),
        ("apps/v1/replicasets", "ReplicaSet", {"replicas": 2, "selector": SELECTOR}),
        (
            "apps/v1/replicasets",
            "ReplicaSet",
            {"selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}},
        ),
        ("v1/replicationcontrollers", "ReplicationController", {}),
        ("v1/replicationcontrollers", "ReplicationController", {"replicas": 1, "selector": LABELS}),
        ("apps/v1/statefulsets", "StatefulSet", {}),
        ("apps/v1/statefulsets", "StatefulSet", {"selector": SELECTOR, "template": {}}),
        (
            "apps/v1/statefulsets",
            "StatefulSet",
            {"selector": SELECTOR, "template": TEMPLATE, "volumeClaimTemplates": [{}]},
        ),
        ("apps/v1/daemonsets", "DaemonSet", {}),
        ("apps/v1/daemonsets", "DaemonSet", {"selector": SELECTOR, "template": {}}),
        (
            "apps/v1/daemonsets",
            "DaemonSet",
            {
                "selector": SELECTOR,
                "template": TEMPLATE,
                "updateStrategy": {"rollingUpdate": {"maxUnavailable": "all"}},
            },
        ),
        ("batch/v1/jobs", "Job", {}),
        ("batch/v1/jobs", "Job", {"selector": SELECTOR, "template": {}}),
        (
            "batch/v1/jobs",
            "Job",
            {"selector": SELECTOR, "template": NEVER, "completionMode": "Indexed"},
        ),
        ("batch/v1/cronjobs", "CronJob", {}),
        ("batch/v1/cronjobs", "CronJob", {"schedule": "* * * * *"}),
        ("policy/v1/poddisruptionbudgets", "PodDisruptionBudget", {}),
        (
            "policy/v1/poddisruptionbudgets",
            "PodDisruptionBudget",
            {"selector": SELECTOR, "maxUnavailable": "some"},
        ),
        ("v1/pods", "Pod", {}),
        ("v1/persistentvolumeclaims", "PersistentVolumeClaim", {}),
        ("v1/services", "Service", {}),
        ("v1/resourcequotas", "ResourceQuota", {}),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else None,
)
def test_no_controller_crashes_or_spins(
    cluster: Cluster, caplog: pytest.LogCaptureFixture, resource: str, kind: str, spec: Obj
) -> None:
    cluster.advance(60)
    before = cluster.runtime.synced
    cluster.advance(HOUR)
    idle = cluster.runtime.synced - before
    with caplog.at_level(logging.ERROR, logger="mockapi.runtime"):
        store(cluster, resource, kind, spec)
        before = cluster.runtime.synced
        cluster.advance(HOUR)
    assert [record.getMessage() for record in caplog.records] == []
    # Twenty back-offs that double lead beyond an hour; claims are looked at four times a minute.
    assert cluster.runtime.synced - before < idle + 600


@pytest.mark.parametrize(
    ("spec", "event"),
    [
        (
            {"schedule": "* * *"},
            (
                "UnparseableSchedule",
                'unparseable schedule: "* * *" : expected exactly 5 fields, found 3: [* * *]',
            ),
        ),
        (
            {"schedule": "61 * * * *"},
            (
                "UnparseableSchedule",
                'unparseable schedule: "61 * * * *" : end of range (61) above maximum (59): 61',
            ),
        ),
        (
            {"schedule": "* * * * *", "timeZone": "Nowhere/Land"},
            ("UnknownTimeZone", 'invalid timeZone: "Nowhere/Land": unknown time zone Nowhere/Land'),
        ),
    ],
)
def test_a_schedule_of_old_is_told_of_once(
    cluster: Cluster, spec: Obj, event: tuple[str, str]
) -> None:
    store(
        cluster,
        "batch/v1/cronjobs",
        "CronJob",
        {**spec, "jobTemplate": {"spec": {"template": NEVER}}},
    )
    cluster.advance(HOUR)
    assert events(cluster) == [("Warning", *event)]
