"""Accept headers as the real server reads them; expectations recorded from kube-apiserver 1.37."""

import pytest

from mockapi.api import negotiate
from mockapi.api.negotiate import COLLECTION_TYPES, JSON, PROTOBUF, YAML, Form
from mockapi.meta.errors import ApiError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form(JSON)),
        ("*/*", Form(JSON)),
        ("application/yaml", Form(YAML)),
        ("application/json; charset=utf-8", Form(JSON)),
        ("application/json;q=0.1,application/yaml;q=0.2", Form(YAML)),
        ("application/json;pretty=1", Form(JSON, pretty=True)),
        ("application/json;foo=bar", Form(JSON)),
        ("application/json;sv=v1", Form(JSON)),
        ("application/json;stream=watch", Form(JSON)),
        (TABLE, Form(JSON, "Table", "v1")),
        (f"application/json;as=Table;v=v9;g=meta.k8s.io,{TABLE}", Form(JSON, "Table", "v1")),
        ("application/json;as=Table;v=v1;g=meta.k8s.io;q=0,application/json", Form(JSON)),
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
            Form(PROTOBUF, "PartialObjectMetadataList", "v1"),
        ),
        ("application/vnd.kubernetes.protobuf,application/json", Form(PROTOBUF)),
    ],
)
def test_form_is_the_best_clause_that_can_be_granted(accept: str, form: Form) -> None:
    assert negotiate.output_form(accept) == form


@pytest.mark.parametrize(
    "accept",
    [
        "application/json;as=Table",
        "application/json;as=Foo;v=v1;g=meta.k8s.io",
        "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
        "application/json;stream=foo",
        "application/json;sv=v2",
    ],
)
def test_parameters_that_cannot_be_granted_are_not_acceptable(accept: str) -> None:
    with pytest.raises(ApiError) as caught:
        negotiate.output_form(accept)
    assert (caught.value.code, caught.value.message) == (
        406,
        "only the following media types are accepted: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )


@pytest.mark.parametrize("accept", ["text/plain", "application/*", "text/*", "garbage"])
def test_router_compares_types_word_for_word(accept: str) -> None:
    with pytest.raises(ApiError) as caught:
        negotiate.check_route(accept, COLLECTION_TYPES)
    assert caught.value.message == (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch"
    )


def test_status_has_no_form_where_only_a_table_is_asked_for() -> None:
    assert negotiate.plain_form(TABLE) is None


@pytest.mark.parametrize(
    ("pretty", "agent", "expected"),
    [
        (None, "kubectl/v1.37", False),
        (None, "curl/8.0", True),
        (None, "Mozilla/5.0 (X11)", True),
        (["true"], "kubectl/v1.37", True),
        (["false"], "curl/8.0", False),
        (["maybe"], "curl/8.0", False),
        ([""], "curl/8.0", True),
    ],
)
def test_people_get_indented_json(pretty: list[str] | None, agent: str, expected: bool) -> None:
    assert negotiate.with_pretty(Form(), pretty, agent).pretty is expected


def test_aggregated_discovery_is_granted_to_who_asks_first() -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    kind = ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2")
    assert negotiate.target_form(accept, *kind) == Form(JSON, kind[0], "v2")
    assert negotiate.target_form("application/json", *kind) is None
