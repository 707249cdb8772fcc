"""The scheduler's configuration file, from the command line and in a live cluster."""

from pathlib import Path
from typing import Any

import pytest
import requests

from mockapi import cli
from mockapi.cluster import MockCluster
from mockapi.settings import SettingsError

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
PROFILES = """
podInitialBackoffSeconds: 3
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
- schedulerName: labelled
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled:
      - {name: NodeResourcesFit, weight: 1}
      - {name: NodeAffinity, weight: 100}
"""


def _pod(name: str, scheduler: str, **spec: Any) -> dict[str, Any]:
    requested = {"resources": {"requests": {"cpu": "1"}}}
    container = {"name": "c", "image": "nginx", **requested}
    return {
        "metadata": {"name": name},
        "spec": {"schedulerName": scheduler, "containers": [container], **spec},
    }


def _placed(cluster: MockCluster, pod: dict[str, Any]) -> str:
    """The node that the pod gets, empty when nobody takes care of it."""
    url = f"{cluster.url}/api/v1/namespaces/default/pods"
    assert requests.post(url, json=pod, timeout=10).status_code == 201
    cluster.settle()
    reply = requests.get(f"{url}/{pod['metadata']['name']}", timeout=10).json()
    return str(reply["spec"].get("nodeName", ""))


@pytest.mark.parametrize("mode", ["thread", "subprocess"])
def test_pods_are_placed_by_the_profile_that_they_name(mode: Any, tmp_path: Path) -> None:
    path = tmp_path / "scheduler.yaml"
    path.write_text(HEAD + PROFILES)
    with MockCluster(mode=mode, nodes=2, clock="manual", scheduler_config=path) as cluster:
        first = _placed(cluster, _pod("first", "default-scheduler"))
        packed = _placed(cluster, _pod("packed", "packing"))
        assert packed == first
        spread = _placed(cluster, _pod("spread", "default-scheduler"))
        assert spread != first
        preference = {
            "weight": 1,
            "preference": {
                "matchFields": [{"key": "metadata.name", "operator": "In", "values": [first]}]
            },
        }
        affinity = {
            "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}
        }
        labelled = _placed(cluster, _pod("labelled", "labelled", affinity=affinity))
        assert labelled == first
        assert _placed(cluster, _pod("alone", "nobody")) == ""
        url = f"{cluster.url}/api/v1/namespaces/default/pods/alone"
        assert "conditions" not in requests.get(url, timeout=10).json()["status"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "profiles: [{plugins: {score: {enabled: [{name: NodeAffinty}]}}}]",
            "initializing profiles: creating profile for scheduler name default-scheduler: "
            'ScorePlugin "NodeAffinty" does not exist; did you mean NodeAffinity?',
        ),
        ("profile: []", 'strict decoding error: unknown field "profile"; did you mean profiles?'),
        ("profiles: [", "yaml: line 3: did not find expected node content"),
    ],
)
def test_wrong_file_is_one_line_and_exit_code_2(
    text: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scheduler.yaml"
    path.write_text(f"{HEAD}{text}\n")
    assert cli.main(["serve", "--port", "0", "--scheduler-config", str(path)]) == 2
    assert capsys.readouterr().err == f"mockapi: --scheduler-config: {path}: {line}\n"


def test_file_for_a_scheduler_that_is_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scheduler.yaml"
    path.write_text(HEAD)
    with pytest.raises(SettingsError, match="the scheduler is off"):
        MockCluster(scheduler=False, scheduler_config=path).start()


def test_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(SettingsError, match=f"^--scheduler-config: {path}: No such file"):
        MockCluster(scheduler_config=str(path)).start()
