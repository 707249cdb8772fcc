"""What the example test service of docker-compose.yml runs: a Deployment becomes ready pods."""

import os
import time

import requests

URL = os.environ.get("KUBERNETES_URL", "http://127.0.0.1:8001")
LABELS = {"app": "smoke"}
DEPLOYMENT = {
    "metadata": {"name": "smoke"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}


def main() -> None:
    path = f"{URL}/apis/apps/v1/namespaces/default/deployments"
    requests.post(path, json=DEPLOYMENT, timeout=10).raise_for_status()
    for _ in range(100):
        status = requests.get(f"{path}/smoke", timeout=10).json()["status"]
        if status.get("readyReplicas") == 2:
            requests.delete(f"{path}/smoke", timeout=10).raise_for_status()
            print("2 pods are ready")
            return
        time.sleep(0.1)
    raise SystemExit(f"the Deployment did not become ready: {status}")


if __name__ == "__main__":
    main()
