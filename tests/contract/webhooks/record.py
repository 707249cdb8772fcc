"""Record what a real server answers and sends: `python -m tests.contract.webhooks.record`.

The server is the one of the kubeconfig that MOCKAPI_ORACLE names.
"""

import json
import os
import tempfile
from pathlib import Path

from tests.contract import harness
from tests.contract.webhooks import running
from tests.contract.webhooks.receiver import Receiver


def main() -> None:
    target = harness.target_of(Path(os.environ["MOCKAPI_ORACLE"]))
    with tempfile.TemporaryDirectory() as folder:
        receiver = Receiver(Path(folder))
        found = {s.name: running.run(s, target, receiver) for s in running.scenarios()}
        receiver.close()
    running.RECORDING.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(f"webhooks: {len(found)}")


if __name__ == "__main__":
    main()
