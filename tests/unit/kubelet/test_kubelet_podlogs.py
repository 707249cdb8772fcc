"""The query of a log request. Expectations: replies of kube-apiserver 1.37.2."""

from typing import Any

import pytest
from kubelet_fake import Cluster

from mockapi.kubelet.podlogs import PodLogs, options_of
from mockapi.meta.errors import ApiError


def logs_of(cluster: Cluster) -> PodLogs:
    def find(resource: str, namespace: str, name: str) -> dict[str, Any] | None:
        return cluster.server.objects.get((f"v1/{resource}", namespace, name))

    return PodLogs(find, cluster.kubelet.behaviours, cluster.clock)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"tailLines": ["abc"]}, 400, 'strconv.ParseInt: parsing "abc": invalid syntax'),
        (
            {"sinceTime": ["x"]},
            400,
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
        (
            {"tailLines": ["-1"], "limitBytes": ["0"]},
            422,
            'PodLogOptions "web" is invalid: [tailLines: Invalid value: -1: must be greater than '
            "or equal to 0, limitBytes: Invalid value: 0: must be greater than 0]",
        ),
        (
            {"sinceSeconds": ["3"], "sinceTime": ["2020-01-01T00:00:00Z"]},
            422,
            'PodLogOptions "web" is invalid: []: Forbidden: at most one of `sinceTime` or '
            "`sinceSeconds` may be specified",
        ),
        (
            {"stream": ["Stdout"]},
            422,
            'PodLogOptions "web" is invalid: stream: Forbidden: may not be specified',
        ),
    ],
)
def test_refusals(query: dict[str, list[str]], code: int, message: str) -> None:
    cluster = Cluster()
    cluster.run()
    with pytest.raises(ApiError) as caught:
        logs_of(cluster).open("default", "web", query)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_pod_that_is_not_there() -> None:
    with pytest.raises(ApiError) as caught:
        logs_of(Cluster()).open("default", "none", {})
    assert caught.value.message == 'pods "none" not found'


def test_a_pod_without_a_node_has_nothing_to_say() -> None:
    cluster = Cluster()
    cluster.run(nodeName="")
    assert logs_of(cluster).open("default", "web", {}) is None


def test_a_pod_on_an_unknown_node_is_not_found_under_the_node_s_name() -> None:
    cluster = Cluster()
    cluster.run(nodeName="nowhere")
    with pytest.raises(ApiError) as caught:
        logs_of(cluster).open("default", "web", {})
    assert caught.value.message == 'pods "nowhere" not found'


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("maybe", True), ("", True), ("False", False), ("0", False)]
)
def test_flags(text: str, value: bool) -> None:
    assert options_of({"follow": [text]}).follow is value


def test_reading_on() -> None:
    cluster = Cluster()
    cluster.run(annotation="logs: {lines: [a, {after: 5, text: b}]}")
    log = logs_of(cluster).open("default", "web", {"follow": ["true"]})
    assert log is not None
    assert log.read() == b"a\n"
    cluster.advance(5)
    assert (log.read(), log.done) == (b"b\n", False)
    cluster.delete(grace=0)
    assert (log.read(), log.done) == (b"", True)
