"""Runs a scenario: webhooks are configured, requests made, replies and reviews noted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.contract import harness
from tests.contract.harness import Case, Step, Target
from tests.contract.webhooks.receiver import Receiver

HERE = Path(__file__).parent
RECORDING = HERE.parent / "recordings" / "webhooks.json"
_ROOT = "/apis/admissionregistration.k8s.io/v1"
_RULE = {
    "operations": ["*"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
}

Tree = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """`skip` are the first and the last steps, which configure and tidy up."""

    name: str
    case: Case
    first: int


def scenarios() -> list[Scenario]:
    return [_scenario(entry) for entry in yaml.safe_load((HERE / "scenarios.yaml").read_text())]


def _scenario(entry: Tree) -> Scenario:
    kinds = [kind for kind in ("mutating", "validating") if entry.get(kind)]
    begin = [_configure(kind, entry[kind]) for kind in kinds]
    end = [harness.step(f"DELETE {_ROOT}/{kind}webhookconfigurations/{{ns}}") for kind in kinds]
    asked = [harness.step(one) for one in entry["steps"]]
    asked[0] = harness.step({**entry["steps"][0], "later": True})
    case = Case("webhooks", entry["name"], (*begin, *asked, *end))
    return Scenario(entry["name"], case, len(begin))


def _configure(kind: str, hooks: list[Tree]) -> Step:
    webhooks = []
    for index, hook in enumerate(hooks):
        said = {key: value for key, value in hook.items() if key != "hook"}
        webhook = {
            "name": f"{hook['hook']}-{index}.example.com",
            "clientConfig": {"url": f"{{url}}/{hook['hook']}", "caBundle": "{ca}"},
            "rules": [_RULE],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{ns}"}},
        }
        webhooks.append(webhook | said)
    body = {"metadata": {"name": "{ns}"}, "webhooks": webhooks}
    return harness.step({"do": f"POST {_ROOT}/{kind}webhookconfigurations", "body": body})


def run(scenario: Scenario, target: Target, receiver: Receiver) -> Tree:
    """Normalised replies, and what the webhooks were sent."""
    receiver.reviews.clear()
    names = {"{url}": receiver.url, "{ca}": receiver.bundle}
    replies = harness.run(scenario.case, target, names)
    assert all(reply["status"] == 201 for reply in replies[: scenario.first]), replies
    namespace = next(r["request"].get("namespace", "") for r in [*receiver.reviews, _NO_REVIEW])
    normal = harness.Normal({namespace: "{ns}"} if namespace else {}, ["g-"])
    reviews = [normal.tree(json.dumps(_anonymous(review))) for review in receiver.reviews]
    return {"replies": replies[scenario.first :], "reviews": reviews}


def _anonymous(review: Tree) -> Tree:
    """Who asks is another with each server."""
    return {**review, "request": {**review["request"], "userInfo": "<user>"}}


_NO_REVIEW: Tree = {"request": {}}
