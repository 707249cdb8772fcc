"""Write `recordings/authorized.json`: a real server's answers to users who may not do everything.

    MOCKAPI_ORACLE=kubeconfig python -m tests.contract.record_authorized

The cases are in `authorized.yaml` and `anonymous.yaml`, as in `cases`; ours are asked of a server
with RBAC. Both have to be new: how somebody impersonated others last decides how it is done next.
"""

import json
import os
import ssl
from dataclasses import replace
from pathlib import Path

import yaml

from tests.contract import harness
from tests.contract.harness import HERE, Target, Tree, target_of

FILE, ANONYMOUS = HERE / "authorized.yaml", HERE / "anonymous.yaml"
RECORDING = HERE / "recordings" / "authorized.json"


def replies(target: Target) -> dict[str, list[Tree]]:
    nobody = replace(target, headers={}, context=target.context and _insecure())
    found = {case.name: harness.run(case, target) for case in harness.load(FILE)}
    return found | {case.id: harness.run(case, nobody) for case in harness.load(ANONYMOUS)}


def _insecure() -> ssl.SSLContext:
    """Without a certificate of the client's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def target_of_token(kubeconfig: Path) -> Target:
    """A server of ours, where the administrator has a token."""
    config = yaml.safe_load(kubeconfig.read_text())
    token = config["users"][0]["user"]["token"]
    url = config["clusters"][0]["cluster"]["server"]
    return Target(url, {"Authorization": f"Bearer {token}"})


def main() -> None:
    found = replies(target_of(Path(os.environ["MOCKAPI_ORACLE"])))
    RECORDING.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print({name: [reply["status"] for reply in steps] for name, steps in found.items()})


if __name__ == "__main__":
    main()
