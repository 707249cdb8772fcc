"""Write `recordings/metrics_server.json`: metrics-server v0.8.0 behind kube-apiserver 1.37.2.

    MOCKAPI_ORACLE=kubeconfig python tests/scenarios/kubelet/record_metrics.py

The cluster has an APIService whose Service names the host of a metrics-server, which reads
/metrics/resource of two nodes: n1 (label tier=n1) with the running pods default/web (container
main: 0.55 cores and 64Mi, side: 0.25 cores and 1000000 bytes) and other/db (1.5 cores and 3Gi), n2
(tier=n2). default/quiet is a running pod of which nothing is measured, default/off is pending.
Pods have the label app with their name.
"""

import json
import os
from pathlib import Path

import requests
import yaml
from metrics_cases import ask

TARGET = Path(__file__).parent / "recordings" / "metrics_server.json"


def main() -> None:
    config = yaml.safe_load(Path(os.environ["MOCKAPI_ORACLE"]).read_text())
    user = config["users"][0]["user"]
    session = requests.Session()
    session.cert = (user["client-certificate"], user["client-key"])
    session.trust_env = session.verify = False
    replies = ask(session, config["clusters"][0]["cluster"]["server"])
    lines = ",\n".join(json.dumps(reply) for reply in replies)
    TARGET.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
