"""Pulling images and failing to. Source: pkg/kubelet/images/image_manager.go."""

import pytest
from kubelet_fake import Cluster

from mockapi.kubelet import images
from mockapi.kubelet.starting import go_duration, pull_failure

NGINX = [{"name": "main", "image": "nginx:9"}]
NOT_FOUND = (
    "rpc error: code = NotFound desc = failed to pull and unpack image "
    '"docker.io/library/nginx:9": failed to resolve reference "docker.io/library/nginx:9": '
    "docker.io/library/nginx:9: not found"
)


def test_a_failed_pull_is_shown_then_backed_off() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {fails: always}", containers=NGINX)
    assert cluster.container()["state"]["waiting"] == {
        "reason": "ErrImagePull",
        "message": NOT_FOUND,
    }
    cluster.advance(10)
    assert cluster.container()["state"]["waiting"] == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:9": ErrImagePull: {NOT_FOUND}',
    }
    assert cluster.status()["phase"] == "Pending"


def test_events_of_a_failing_pull() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {fails: always}", containers=NGINX)
    assert cluster.events() == [
        ("Normal", "Pulling", 'Pulling image "nginx:9"', 1),
        ("Warning", "Failed", f'Failed to pull image "nginx:9": {NOT_FOUND}', 1),
        ("Warning", "Failed", "Error: ErrImagePull", 1),
        ("Normal", "BackOff", 'Back-off pulling image "nginx:9"', 1),
        ("Warning", "Failed", "Error: ImagePullBackOff", 1),
    ]


def test_a_pull_that_fails_twice_succeeds_in_the_end() -> None:
    cluster = Cluster()
    cluster.run(annotation="pull: {fails: 2}")
    cluster.advance(10)
    assert cluster.status()["phase"] == "Pending"
    cluster.advance(20)
    assert cluster.status()["phase"] == "Running"


@pytest.mark.parametrize(
    ("annotation", "reason", "message"),
    [
        (
            'pull: {error: "RegistryUnavailable: connection refused"}',
            "RegistryUnavailable",
            "image pull failed for nginx because the registry is unavailable: connection refused",
        ),
        (
            'pull: {error: "SignatureValidationFailed: no signature"}',
            "SignatureValidationFailed",
            "image pull failed for nginx because the signature validation failed: no signature",
        ),
        ('pull: {error: "toomanyrequests"}', "ErrImagePull", "toomanyrequests"),
        (
            'pull: {inspectError: "layer not known"}',
            "ImageInspectError",
            'Failed to inspect image "": layer not known',
        ),
    ],
)
def test_reasons_of_failure(annotation: str, reason: str, message: str) -> None:
    cluster = Cluster()
    cluster.run(annotation=annotation)
    assert cluster.container()["state"]["waiting"] == {"reason": reason, "message": message}


def test_never_pull() -> None:
    cluster = Cluster()
    cluster.run(containers=[{"name": "main", "image": "web:1", "imagePullPolicy": "Never"}])
    message = 'Container image "web:1" is not present with pull policy of Never'
    assert cluster.container()["state"]["waiting"] == {
        "reason": "ErrImageNeverPull",
        "message": message,
    }
    assert ("Warning", "ErrImageNeverPull", message, 2) in cluster.events()
    assert ("Warning", "Failed", "Error: ErrImageNeverPull", 2) in cluster.events()


def test_always_pull_pulls_what_is_there() -> None:
    container = {"name": "main", "image": "web:1", "imagePullPolicy": "Always"}
    cluster = Cluster()
    cluster.run("a", containers=[container])
    cluster.run("b", containers=[container])
    assert cluster.events("b")[0][1:3] == ("Pulling", 'Pulling image "web:1"')


def test_invalid_image_name() -> None:
    cluster = Cluster()
    cluster.run(containers=[{"name": "main", "image": "Nginx:latest"}])
    message = (
        'Failed to apply default image tag "Nginx:latest": couldn\'t parse image name '
        '"Nginx:latest": invalid reference format: repository name (library/Nginx) must be '
        "lowercase"
    )
    assert cluster.container()["state"]["waiting"] == {
        "reason": "InvalidImageName",
        "message": message,
    }
    assert ("Warning", "InspectFailed", message, 2) in cluster.events()
    assert ("Warning", "Failed", "Error: InvalidImageName", 2) in cluster.events()


DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.25", "docker.io/library/nginx:1.25"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app:2", "localhost:5000/app:2"),
        ("Upper/app", "Upper/app:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
    ],
)
def test_names_are_completed(text: str, name: str) -> None:
    assert images.parse(text).name == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid reference format"),
        ("nginx:", "invalid reference format"),
        ("nginx:la test", "invalid reference format"),
        ("-nginx", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("nginx@sha256:abc", "invalid reference format"),
        ("NGINX", "invalid reference format: repository name (library/NGINX) must be lowercase"),
        (
            "ab" * 32,
            f"invalid repository name ({'ab' * 32}), cannot specify 64-byte hexadecimal strings",
        ),
        (f"nginx@sha256:{'ab' * 31}", "invalid checksum digest length"),
        (f"nginx@sha1:{'ab' * 20}", "unsupported digest algorithm"),
        ("a" * 256, "repository name must not be more than 255 characters"),
    ],
)
def test_names_are_refused(text: str, why: str) -> None:
    with pytest.raises(images.InvalidImage) as caught:
        images.parse(text)
    assert str(caught.value) == f'couldn\'t parse image name "{text}": {why}'


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.0004, "0s"), (0.02, "20ms"), (1.5, "1.5s"), (2, "2s"), (62.25, "1m2.25s")],
)
def test_durations_are_printed_as_go_does(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_pull_failures_are_told_apart() -> None:
    assert pull_failure("x", "boom") == ("ErrImagePull", "boom")
    assert pull_failure("x", "RegistryUnavailable") == (
        "RegistryUnavailable",
        "image pull failed for x because the registry is unavailable",
    )


def test_a_pull_that_a_behaviour_asks_for_is_made_even_if_the_image_is_there() -> None:
    cluster = Cluster()
    cluster.run("first", containers=NGINX)
    cluster.run(annotation="pull: {seconds: 5}", containers=NGINX)
    assert cluster.shown() == "ContainerCreating"
    cluster.advance(5)
    assert cluster.shown() == "Running"
