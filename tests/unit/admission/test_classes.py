"""Classes that are filled in or must allow something. Source: the plugins' own tables."""

from typing import Any

import pytest

from mockapi.machinery.admission.certificates import organizations
from tests.contract.replay import Player

CLAIMS = "/api/v1/namespaces/{ns}/persistentvolumeclaims"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses"
DEFAULT = {"ingressclass.kubernetes.io/is-default-class": "true"}


@pytest.fixture
def player() -> Player:
    player = Player()
    player.begin()
    return player


def create(player: Player, resource: str, obj: dict[str, Any]) -> None:
    player.cluster.clients.client("test").create(resource, "", obj)


def ingress(**metadata: Any) -> dict[str, Any]:
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    return {"metadata": {"name": "i", **metadata}, "spec": {"defaultBackend": backend}}


def test_ingress_gets_the_default_class(player: Player) -> None:
    for name, annotations in (("a", {}), ("c", DEFAULT), ("b", DEFAULT)):
        spec = {"controller": "example.com/x"}
        metadata = {"name": name, "annotations": annotations}
        create(player, "networking.k8s.io/v1/ingressclasses", {"metadata": metadata, "spec": spec})
    _, made = player.call("POST", INGRESSES, ingress())
    assert made["spec"]["ingressClassName"] == "b"


def test_ingress_with_the_old_annotation_gets_no_class(player: Player) -> None:
    create(
        player,
        "networking.k8s.io/v1/ingressclasses",
        {"metadata": {"name": "a", "annotations": DEFAULT}, "spec": {"controller": "e.com/x"}},
    )
    old = {"kubernetes.io/ingress.class": "nginx"}
    _, made = player.call("POST", INGRESSES, ingress(annotations=old))
    assert "ingressClassName" not in made["spec"]


def claim(player: Player, *, expands: bool) -> None:
    storage = {"metadata": {"name": "s"}, "provisioner": "p", "allowVolumeExpansion": expands}
    create(player, "storage.k8s.io/v1/storageclasses", storage)
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "s",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    player.call("POST", CLAIMS, {"metadata": {"name": "c"}, "spec": spec})
    client = player.cluster.clients.client("test")
    stored = client.get("v1/persistentvolumeclaims", player.namespace, "c")
    bound = {**stored, "status": {"phase": "Bound"}}
    client.update("v1/persistentvolumeclaims", player.namespace, bound, subresource="status")


def grown(player: Player) -> str:
    change = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    _, reply = player.call("PATCH", f"{CLAIMS}/c", change, "application/merge-patch+json")
    return str(reply.get("message", ""))


def test_claim_of_a_fixed_class_does_not_grow(player: Player) -> None:
    claim(player, expands=False)
    assert grown(player) == (
        'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized '
        "and the storageclass that provisions the pvc must support resize"
    )


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE REQUEST-----\nMII=\n", b"\xff"])
def test_unreadable_request_names_no_organization(pem: bytes) -> None:
    assert organizations(pem) == []


def test_claim_of_a_class_that_expands_grows(player: Player) -> None:
    claim(player, expands=True)
    assert grown(player) == ""
