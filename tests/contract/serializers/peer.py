"""The Go program, built and asked."""

import base64
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "main.go"
RELEASE = "1.37.2"


class Serializers:
    """Context manager; calls are one question and its answer (see main.go)."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory()
        program = build(Path(self._scratch.name))
        self._process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> "Serializers":
        return self

    def __exit__(self, *details: object) -> None:
        self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    def __call__(self, op: str, body: bytes | str, **question: str) -> dict[str, Any]:
        if isinstance(body, bytes):
            body = "b64:" + base64.b64encode(body).decode()
        line = json.dumps({"op": op, "body": body, **question}).encode() + b"\n"
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def build(directory: Path) -> Path:
    (directory / "main.go").write_text(SOURCE.read_text())
    (directory / "go.mod").write_text(_go_mod())
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
    for command in (["go", "mod", "tidy"], ["go", "build", "-o", "serializers", "."]):
        subprocess.run(command, cwd=directory, env=environment, check=True)
    return directory / "serializers"


def _go_mod() -> str:
    """A module that pins every staging module to the release."""
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@v{RELEASE}"]
    facts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    own = Path(facts["GoMod"]).read_text()
    staging = re.findall(r"^\t?(k8s\.io/\S+) => \./staging/", own, re.MULTILINE)
    version = "v0." + RELEASE.removeprefix("1.")
    replaced = "".join(f"\t{module} => {module} {version}\n" for module in staging)
    language = re.search(r"^go .*$", own, re.MULTILINE)
    assert language is not None, "A go.mod names its language version."
    return (
        f"module serializers\n\n{language[0]}\n\n"
        f"require k8s.io/kubernetes v{RELEASE}\n\nreplace (\n{replaced})\n"
    )
