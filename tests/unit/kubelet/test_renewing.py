"""A renewed lease is what an ordinary update would have made of it."""

from typing import Any

import pytest

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Client
from mockapi.composition import Cluster
from mockapi.settings import Settings

Obj = dict[str, Any]
LEASES, NODE_LEASES = "coordination.k8s.io/v1/leases", "kube-node-lease"
ELSEWHERE: Obj = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "elsewhere"},
    "webhooks": [
        {
            "name": "hook.example.com",
            "clientConfig": {"url": "https://127.0.0.1:1"},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [
                {
                    "operations": ["*"],
                    "apiGroups": ["example.com"],
                    "apiVersions": ["*"],
                    "resources": ["things"],
                }
            ],
        }
    ],
}
HOOKS = "admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


def renewed(*, hooked: bool) -> list[Obj]:
    """A node's lease at three moments. With a webhook about all writes are admitted."""
    cluster = Cluster(Settings(clock="manual", nodes=1, seed=1))
    cluster.start(listen=False)
    try:
        client = cluster.clients.client("test")
        if hooked:
            client.create(HOOKS, "", ELSEWHERE)
        cluster.settle()
        return [seen(cluster, client, seconds) for seconds in (0, 15, 3600)]
    finally:
        cluster.stop()


def seen(cluster: Cluster, client: Client, seconds: float) -> Obj:
    """The lease, its times counted from its creation."""
    cluster.advance(seconds)
    (lease,) = client.list(LEASES, NODE_LEASES).items
    start = parse_timestamp(lease["metadata"]["creationTimestamp"])
    (entry,) = lease["metadata"]["managedFields"]
    times = (lease["spec"]["renewTime"], entry["time"])
    return {
        **lease,
        "metadata": {"managedFields": {**entry, "time": 0}},
        "spec": {**lease["spec"], "renewTime": 0},
        "times": [parse_timestamp(time) - start for time in times],
    }


def test_a_renewal_leaves_what_an_update_leaves() -> None:
    quick, usual = renewed(hooked=False), renewed(hooked=True)
    assert quick == usual
    assert [lease["times"] for lease in quick] == [[0, 0], [10, 10], [3610, 3610]]


@pytest.mark.parametrize("field", ["holderIdentity", "renewTime"])
def test_a_lease_that_somebody_else_has_written_is_read_again(field: str) -> None:
    cluster = Cluster(Settings(clock="manual", nodes=1, seed=1))
    cluster.start(listen=False)
    try:
        cluster.settle()
        client = cluster.clients.client("somebody")
        (lease,) = client.list(LEASES, NODE_LEASES).items
        name = lease["metadata"]["name"]
        value = {"holderIdentity": "me", "renewTime": "2020-01-01T00:00:00.000000Z"}[field]
        client.patch(LEASES, NODE_LEASES, name, {"spec": {field: value}})
        cluster.advance(25)
        after = client.get(LEASES, NODE_LEASES, name)
        assert after["spec"]["renewTime"] > lease["spec"]["renewTime"]
        owners = {
            entry["manager"]: entry["fieldsV1"] for entry in after["metadata"]["managedFields"]
        }
        assert "f:renewTime" in owners["kubelet"]["f:spec"]
    finally:
        cluster.stop()
