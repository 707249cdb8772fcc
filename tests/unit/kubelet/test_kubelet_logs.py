"""Logs from behaviours, by every option. Source: registry/core/pod, kubelet_pods.go, cri-client."""

from typing import Any

import pytest
from kubelet_fake import START, Cluster

from mockapi.kubelet.behaviours import Behaviours
from mockapi.kubelet.logs import Log, LogOptions, open_log, read_log
from mockapi.meta.errors import ApiError

ANNOTATION = """
logs:
  lines:
    - {text: one}
    - {after: 1, text: two, stream: stderr}
    - {after: 2.5, text: three}
"""


def read(cluster: Cluster, **options: Any) -> str:
    asked = LogOptions(**options)
    now = cluster.clock.now()
    return read_log(cluster.pod(), asked, cluster.kubelet.behaviours, now).decode()


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.run(annotation=ANNOTATION)
    return cluster


def test_lines_appear_with_time(cluster: Cluster) -> None:
    assert read(cluster) == "one\n"
    cluster.advance(2)
    assert read(cluster) == "one\ntwo\n"
    cluster.advance(1)
    assert read(cluster) == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tail_lines": 1}, "three\n"),
        ({"tail_lines": 0}, ""),
        ({"tail_lines": 9}, "one\ntwo\nthree\n"),
        ({"since_seconds": 9}, "two\nthree\n"),
        ({"since": START + 2}, "three\n"),
        ({"limit_bytes": 6}, "one\ntw"),
        (
            {"timestamps": True, "tail_lines": 2},
            "2023-11-14T22:13:21.000000000Z two\n2023-11-14T22:13:22.500000000Z three\n",
        ),
    ],
)
def test_options(cluster: Cluster, options: dict[str, Any], text: str) -> None:
    cluster.advance(10)
    assert read(cluster, **options) == text


def test_a_log_that_repeats() -> None:
    cluster = Cluster()
    cluster.run(annotation="logs: {lines: 'tick {n}', every: 2}")
    cluster.advance(5)
    assert read(cluster) == "tick 0\ntick 1\ntick 2\n"


def test_following(cluster: Cluster) -> None:
    log = open_log(cluster.pod(), LogOptions(follow=True), Behaviours())
    assert isinstance(log, Log)
    assert log.read(cluster.pod(), START) == b"one\n"
    assert (log.done, log.next_at) == (False, START + 1)
    assert log.read(cluster.pod(), START + 1) == b"two\n"
    assert log.read(cluster.pod(), START + 2) == b""
    assert log.read(cluster.pod(), START + 3) == b"three\n"
    assert (log.done, log.next_at) == (False, None)


def test_previous() -> None:
    cluster = Cluster()
    cluster.run(
        annotation="run: [{seconds: 1, exitCode: 1}, {}]\nlogs: {lines: [a, {after: 2, text: b}]}"
    )
    cluster.advance(10)
    assert read(cluster, previous=True) == "a\n"
    assert read(cluster) == "a\nb\n"


@pytest.mark.parametrize(
    ("annotation", "image", "options", "message"),
    [
        (
            "pull: {seconds: 60}",
            "nginx",
            {},
            'container "main" in pod "web" is waiting to start: ContainerCreating',
        ),
        (
            "state: err-image-pull",
            "nginx",
            {},
            'container "main" in pod "web" is waiting to start: image can\'t be pulled',
        ),
        (
            "{}",
            "nginx",
            {"previous": True},
            'previous terminated container "main" in pod "web" not found',
        ),
        ("{}", "nginx", {"container": "x"}, "container x is not valid for pod web"),
        (
            "{}",
            "N!",
            {},
            'container "main" in pod "web" is waiting to start: InvalidImageName',
        ),
    ],
)
def test_refusals(annotation: str, image: str, options: dict[str, Any], message: str) -> None:
    cluster = Cluster()
    cluster.run(annotation=annotation, containers=[{"name": "main", "image": image}])
    with pytest.raises(ApiError) as caught:
        read(cluster, **options)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (
        400,
        "BadRequest",
        message,
    )


def test_image_pull_back_off_is_told_as_trying() -> None:
    cluster = Cluster()
    cluster.run(annotation="state: image-pull-back-off")
    cluster.advance(10)
    with pytest.raises(ApiError) as caught:
        read(cluster)
    assert caught.value.message == (
        'container "main" in pod "web" is waiting to start: trying and failing to pull image'
    )


def test_several_containers_want_a_name() -> None:
    cluster = Cluster()
    both = [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]
    cluster.run(containers=both, initContainers=[{"name": "i", "image": "z"}])
    with pytest.raises(ApiError) as caught:
        read(cluster)
    assert caught.value.message == (
        "a container name must be specified for pod web, choose one of: [i a b]"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tail_lines": -1},
            'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than '
            "or equal to 0",
        ),
        (
            {"limit_bytes": 0},
            'PodLogOptions "web" is invalid: limitBytes: Invalid value: 0: must be greater than 0',
        ),
        (
            {"since_seconds": 0},
            'PodLogOptions "web" is invalid: sinceSeconds: Invalid value: 0: must be greater '
            "than 0",
        ),
        (
            {"stream": "Stderr"},
            'PodLogOptions "web" is invalid: stream: Forbidden: may not be specified',
        ),
    ],
)
def test_bad_options(cluster: Cluster, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(cluster, **options)
    assert (caught.value.code, caught.value.message) == (422, message)


def test_the_termination_message_falls_back_to_the_log() -> None:
    cluster = Cluster()
    policy = "FallbackToLogsOnError"
    container = {"name": "main", "image": "x", "terminationMessagePolicy": policy}
    cluster.run(
        annotation="run: {seconds: 1, exitCode: 1}\nlogs: {lines: [starting, 'panic: no config']}",
        containers=[container],
        restartPolicy="Never",
    )
    cluster.advance(1)
    ended = cluster.container()["state"]["terminated"]
    assert ended["message"] == "starting\npanic: no config\n"
