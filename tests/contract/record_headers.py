"""Write `recordings/headers.json`: all headers of a real server's replies.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_headers

What is asked is in `headers.yaml`, over HTTP/1.1; what differs from run to run is named.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

from tests.contract.fuzz.pair import Side
from tests.contract.harness import HERE, Target, target_of

RECORDING = HERE / "recordings" / "headers.json"
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DATE = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT")
_HASH = re.compile(r"[0-9A-F]{64,}")
_LONE = frozenset(("Content-Length", "Transfer-Encoding"))
"""How long a reply is, is another matter; so is whether it goes out in pieces."""


def headers(target: Target) -> dict[str, list[str]]:
    """`GET /api {headers}` -> the code, then its headers, sorted."""
    side, found = Side(target), {}
    side.send("DELETE", "/api/v1/namespaces/default/configmaps/made")
    for entry in yaml.safe_load((HERE / "headers.yaml").read_text()):
        asked: dict[str, Any] = {"do": entry} if isinstance(entry, str) else entry
        method, _, path = asked["do"].partition(" ")
        said = {"Accept": "application/json", "User-Agent": "headers/1.0"}
        if "body" in asked:
            said["Content-Type"] = "application/json"
        said.update(asked.get("headers", {}))
        reply = side.send(method, path, asked.get("body"), said)
        shown = " ".join(filter(None, (asked["do"], json.dumps(asked.get("headers", "")))))
        lines = [f"{name}: {_steady(value)}" for name, value in reply["headers"].items()]
        kept = sorted(line for line in lines if line.partition(":")[0] not in _LONE)
        found[f"{shown} {asked.get('body', '')}".strip()] = [str(reply["status"]), *kept]
    side.close()
    return found


def _steady(value: str) -> str:
    value = _HASH.sub("<hash>", _DATE.sub("<date>", _UID.sub("<uid>", value)))
    return re.sub(r"\d{10}", "<seconds>", value)


def main() -> None:
    found = headers(target_of(Path(os.environ["MOCKAPI_ORACLE"])))
    RECORDING.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{len(found)} requests")


if __name__ == "__main__":
    main()
