"""Record what the real scheduler says about wrong configuration files.

usage: python -m tests.scenarios.scheduler.record_configurations KUBE_SCHEDULER
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
RECORDING = FOLDER / "recordings" / "configurations.json"
ACCEPTED = "accepted"
_HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
_SECONDS = 3
_KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: none, context: {cluster: none}}]
current-context: none
"""


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / "configurations.yaml").read_text())
    return found


def text(case: dict[str, Any]) -> str:
    whole: str = case["text"] if case.get("head") is False else f"{_HEAD}{case['text']}\n"
    return whole


def recorded() -> dict[str, str]:
    found: dict[str, str] = json.loads(RECORDING.read_text())
    return found


def ask(program: str, content: str, folder: Path) -> str:
    """The error that ends the real scheduler, or `accepted` when it goes on."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(_KUBECONFIG)
    if content.startswith(_HEAD):
        content += f"clientConnection: {{kubeconfig: {kubeconfig}}}\n"
        content += "leaderElection: {leaderElect: false}\n"
    path = folder / "configuration.yaml"
    path.write_text(content)
    command = [program, "--config", str(path), "--secure-port=0"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return ACCEPTED
    found = re.search(r'"command failed" err=("(?:[^"\\]|\\.)*")$', done.stderr, re.MULTILINE)
    if found:
        return re.sub(r' in scheme "[^"]*"$', "", str(json.loads(found[1])))
    return done.stderr.partition("err=<\n\t")[2].splitlines()[0]


def main(arguments: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        said = {case["name"]: ask(arguments[0], text(case), Path(folder)) for case in cases()}
    RECORDING.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
