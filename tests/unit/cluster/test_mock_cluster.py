"""MockCluster, the fixtures and the command line, as users meet them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from mockapi.cluster import MockCluster
from mockapi.settings import SettingsError

POD = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}


def phase(url: str) -> str:
    reply = requests.get(f"{url}/api/v1/namespaces/default/pods/a", timeout=10)
    return str(reply.json()["status"]["phase"])


@pytest.mark.parametrize("mode", ["thread", "subprocess"])
def test_a_pod_runs_and_reset_forgets_it(mode: str) -> None:
    with MockCluster(mode=mode, clock="manual", nodes=1) as cluster:  # type: ignore[arg-type]
        pods = f"{cluster.url}/api/v1/namespaces/default/pods"
        assert requests.post(pods, json=POD, timeout=10).status_code == 201
        cluster.settle()
        assert phase(cluster.url) == "Running"
        before = cluster.now()
        cluster.advance(90)
        assert cluster.now() == before + 90
        cluster.reset()
        assert requests.get(pods, timeout=10).json()["items"] == []


def test_the_written_kubeconfig_is_complete_and_gone_afterwards() -> None:
    with MockCluster(nodes=0, tls=True) as cluster:
        path = Path(cluster.kubeconfig)
        content = yaml.safe_load(path.read_text())
        assert content["clusters"][0]["cluster"]["server"] == cluster.url
        assert content["clusters"][0]["cluster"]["certificate-authority-data"]
    assert not path.exists()


def test_unknown_settings_name_the_nearest_valid_one() -> None:
    with pytest.raises(SettingsError, match="unknown setting node; did you mean nodes"):
        MockCluster(node=3)


def test_a_stopped_cluster_says_so() -> None:
    cluster = MockCluster()
    with pytest.raises(RuntimeError, match="not running"):
        cluster.settle()


def test_fixture_starts_each_test_from_the_initial_state(mock_cluster: MockCluster) -> None:
    pods = f"{mock_cluster.url}/api/v1/namespaces/default/pods"
    assert requests.get(pods, timeout=10).json()["items"] == []
    assert requests.post(pods, json=POD, timeout=10).status_code == 201


def test_fixture_again(mock_cluster_url: str, mock_kubeconfig: str) -> None:
    pods = f"{mock_cluster_url}/api/v1/namespaces/default/pods"
    assert requests.get(pods, timeout=10).json()["items"] == []
    assert Path(mock_kubeconfig).exists()


def mockapi(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockapi", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (["serve", "--prot", "1"], {}, "unknown option --prot; did you mean --port?"),
        (["srve"], {}, "unknown command srve; did you mean serve?"),
        (["serve", "--nodes", "x"], {}, "--nodes: x: neither a number nor a file that is there"),
        (["serve", "--port", "70000"], {}, "--port: '70000': must be between 0 and 65535"),
        (
            ["serve"],
            {"MOCKAPI_NODS": "1"},
            "unknown environment variable MOCKAPI_NODS; did you mean MOCKAPI_NODES?",
        ),
        (
            ["serve", "--controllers=deplyment"],
            {},
            '--controllers: "deplyment" is not in the list of known controllers; '
            'did you mean "deployment"?',
        ),
        (["serve", "--config", "/nowhere"], {}, "--config: /nowhere: No such file or directory"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    arguments: list[str], environment: dict[str, str], complaint: str
) -> None:
    done = mockapi(*arguments, **environment)
    assert (done.returncode, done.stderr) == (2, f"mockapi: {complaint}\n")


def test_a_port_in_use_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    with MockCluster(nodes=0) as cluster:
        port = cluster.url.rpartition(":")[2]
        done = mockapi("serve", "--port", port, "--kubeconfig", str(tmp_path / "k"))
    complaint = f"mockapi: port {port} on 127.0.0.1 is already in use\n"
    assert (done.returncode, done.stderr) == (1, complaint)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_open_watches_properly(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "mockapi", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--kubeconfig", str(tmp_path / "k")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    with requests.get(f"{url}/api/v1/pods?watch=1", stream=True, timeout=10) as reply:
        process.send_signal(number)
        # A body that ends without its last chunk would raise here.
        assert list(reply.iter_lines()) == []
    process.communicate(timeout=10)
    assert process.returncode == 0
