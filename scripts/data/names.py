"""gonames.json: the Go names of embedded structs and named types, which only error texts show.

usage: python -m scripts.data.names --kubeconfig FILE [--minor 1.37]
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from scripts.data import types
from scripts.data.make import ROOT, write
from scripts.data.server import Server

SOURCE = Path(__file__).parent / "gonames"


def reflect(release: str, versions: list[str]) -> dict[str, Any]:
    """Build and run `gonames` against the Go modules of a release (`1.37.2`)."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "main.go").write_text((SOURCE / "main.go").read_text())
        (directory / "go.mod").write_text(types._go_mod(release))
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0"}
        for command in (["go", "mod", "tidy"], ["go", "run", ".", *versions]):
            done = subprocess.run(
                command, cwd=directory, env=environment, check=True, stdout=subprocess.PIPE
            )
    result: dict[str, Any] = json.loads(done.stdout)
    return dict(sorted(result.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--minor", default="1.37")
    arguments = parser.parse_args()
    server = Server(arguments.kubeconfig)
    release = server.get("/version")["gitVersion"].removeprefix("v")
    table = reflect(release, types.served_versions(server))
    write(ROOT / f"v{arguments.minor}" / "gonames.json", table)


if __name__ == "__main__":
    main()
