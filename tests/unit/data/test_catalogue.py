"""Facts of the tables, as the published API documentation of 1.37 states them."""

import pytest

from mockapi.machinery import catalogue
from mockapi.machinery.catalogue import Field, Group
from mockapi.meta.names import GroupVersionKind, GroupVersionResource

POD = GroupVersionKind("", "v1", "Pod")


def test_fields_keep_the_order_of_the_go_struct() -> None:
    fields = catalogue.load().types["io.k8s.api.core.v1.ContainerPort"].fields
    assert list(fields) == ["name", "hostPort", "containerPort", "protocol", "hostIP"]


def test_a_field_knows_its_default_and_its_enum() -> None:
    protocol = catalogue.load().types["io.k8s.api.core.v1.ContainerPort"].fields["protocol"]
    assert protocol == Field(
        name="protocol",
        type="string",
        go="Protocol",
        omit="empty",
        default="TCP",
        enum=("SCTP", "TCP", "UDP"),
    )


def test_a_list_knows_how_it_is_merged() -> None:
    ports = catalogue.load().types["io.k8s.api.core.v1.Container"].fields["ports"]
    assert ports == Field(
        name="ports",
        type={"list": {"ref": "io.k8s.api.core.v1.ContainerPort"}},
        go="Ports",
        omit="empty",
        list_type="map",
        keys=("containerPort", "protocol"),
        patch_strategy="merge",
        patch_merge_key="containerPort",
    )


def test_embedded_structs_are_flattened_in_place() -> None:
    fields = catalogue.load().types["io.k8s.api.core.v1.Volume"].fields
    assert list(fields)[:3] == ["name", "hostPath", "emptyDir"]
    assert fields["hostPath"].inline and not fields["name"].inline


@pytest.mark.parametrize(
    ("name", "scalar"),
    [
        ("io.k8s.apimachinery.pkg.api.resource.Quantity", "quantity"),
        ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", "time"),
        ("io.k8s.apimachinery.pkg.util.intstr.IntOrString", "intorstring"),
    ],
)
def test_types_with_their_own_json_are_scalars(name: str, scalar: str) -> None:
    assert catalogue.load().types[name].scalar == scalar


def test_a_kind_has_a_type_name() -> None:
    assert catalogue.load().type_name(POD) == "io.k8s.api.core.v1.Pod"


def test_every_served_kind_and_its_subresources_have_types() -> None:
    tables = catalogue.load()
    kinds = [resource.gvk for resource in tables.resources.values()]
    kinds += [sub.kind for resource in tables.resources.values() for sub in resource.subresources]
    assert all(tables.types[tables.type_name(kind)].fields for kind in kinds)


def test_every_reference_leads_to_a_type() -> None:
    tables = catalogue.load()

    def reference(shape: catalogue.Shape) -> str:
        while isinstance(shape, dict) and "ref" not in shape:
            (shape,) = shape.values()
        return shape["ref"] if isinstance(shape, dict) else ""

    types = tables.types.values()
    names = {reference(field.type) for type_ in types for field in type_.fields.values()}
    assert names - set(tables.types) == {""}


def test_objects_of_events_live_in_the_core_group() -> None:
    events = catalogue.load().resources[GroupVersionResource("events.k8s.io", "v1", "events")]
    assert (events.storage_group, events.storage_version) == ("", "v1")


def test_eviction_is_a_kind_of_another_group() -> None:
    pods = catalogue.load().resource_of_kind[POD]
    eviction = next(sub for sub in pods.subresources if sub.name == "eviction")
    assert eviction.kind == GroupVersionKind("policy", "v1", "Eviction")


def test_groups_list_their_versions_as_discovery_does() -> None:
    groups = {group.name: group for group in catalogue.load().groups}
    assert groups["autoscaling"] == Group("autoscaling", ("v2", "v1"), "v2")


def test_an_unknown_minor_is_refused_by_name() -> None:
    with pytest.raises(FileNotFoundError, match=r"No tables for Kubernetes 1\.2; .*1\.37"):
        catalogue.load("1.2")
