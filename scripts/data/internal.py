"""Command line: (re)writes openapi/v<minor>/internal.json, the layout of the internal Go types.

The module file is that of a build of the same release (it pins every k8s.io module to it).
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from scripts.data.make import ROOT, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path, help="folder with go.mod and go.sum of the release")
    parser.add_argument("--minor", default="1.37")
    arguments = parser.parse_args()
    source = Path(__file__).parent / "gointernal" / "main.go"
    with tempfile.TemporaryDirectory() as folder:
        for path in (arguments.module / "go.mod", arguments.module / "go.sum", source):
            shutil.copy(path, folder)
        environment = {**os.environ, "GOFLAGS": "-mod=mod"}
        printed = subprocess.run(
            ["go", "run", "."], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE
        ).stdout
    write(ROOT / f"v{arguments.minor}" / "internal.json", json.loads(printed))


if __name__ == "__main__":
    main()
