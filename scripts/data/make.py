"""Command line: (re)writes the tables of one minor, and protobuf.json when its facts are given."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.data import columns, parameters, protobuf, resources, types
from scripts.data.server import Server

ROOT = Path(__file__).parents[2] / "openapi"
TABLES: dict[str, Callable[[Server, str], Any]] = {
    "types": types.build,
    "resources": resources.build,
    "columns": columns.build,
    "parameters": parameters.build,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--minor", default="1.37")
    parser.add_argument("--protobuf-fields", type=Path, help="table of all messages' field numbers")
    parser.add_argument("tables", nargs="*", help=f"of {', '.join(TABLES)}; default: all")
    arguments = parser.parse_args()
    server = Server(arguments.kubeconfig)
    release = server.get("/version")["gitVersion"].removeprefix("v")
    if not release.startswith(f"{arguments.minor}."):
        parser.error(f"the server is {release}, not {arguments.minor}")
    directory = ROOT / f"v{arguments.minor}"
    directory.mkdir(parents=True, exist_ok=True)
    for table in arguments.tables or TABLES:
        write(directory / f"{table}.json", TABLES[table](server, release))
    if arguments.protobuf_fields:
        names = json.loads((directory / "types.json").read_text())
        facts = json.loads(arguments.protobuf_fields.read_text())
        write(ROOT / "protobuf.json", protobuf.select(facts, names))


def write(path: Path, table: Any) -> None:
    """Compact, but one line per entry of the top level, so that differences can be read."""
    rows = (f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in table.items())
    text = "{\n" + ",\n".join(rows) + "\n}\n"
    path.write_text(text)
    print(f"{path.relative_to(ROOT.parent)}: {len(text)} bytes")


if __name__ == "__main__":
    main()
