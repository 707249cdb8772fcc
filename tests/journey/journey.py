"""A journey with kubectl: chapters of steps, run against any server, their output normalised.

A chapter is a file in `chapters/` (see the README there); what a real control plane shows of it is
in `recordings/`. What differs from one cluster to the next (ages, uids, addresses, random suffixes,
which node) is replaced by a word; columns are not as wide then, so runs of blanks count as two.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
SECONDS = 20
SETTLING_SECONDS = 15.0

Step = dict[str, Any]
Chapter = dict[str, Any]
Outcome = dict[str, Any]

_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_DAY = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
_WORDS = [
    (re.compile(pattern), word)
    for pattern, word in [
        (r"https?://(127\.0\.0\.1|localhost):\d+", "SERVER"),
        (r"/tmp/[^ ]*(LIVE|MERGED)-\d+", r"\1"),
        (r"/tmp/kubectl-edit-\d+", "EDITED"),
        (r"(Resource Version:) +\d+", r"\1 RV"),
        (r"(resource version to be \d+, was) \d+", r"\1 RV"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| [+-]\d{4} UTC)?", "TIME"),
        (_DAY, "TIME"),
        (r"(resourceVersion\"?: *\")\d+", r"\1RV"),
        (r"\b(\d+\.){3}\d+\b", "IP"),
        (rf"-{_SAFE}{{7,10}}-{_SAFE}{{5}}\b", "-HASH-POD"),
        (rf"(pod-template-hash\"?[=:] *\"?){_SAFE}+", r"\1HASH"),
        (rf"-{_SAFE}{{7,10}}\b", "-HASH"),
        (rf"-{_SAFE}{{5}}\b", "-POD"),
        (r"\bnode-\d\b", "NODE"),
        (r"((?i:nodePort)\"?: .*|:)3[0-2]\d{3}\b", r"\1NODEPORT"),
        (r"(?m)^([IWEF])\d{4} [\d:.]+ +\d+ ", r"\1 "),
        (r"\b(\d+[smhdy])+ \(x\d+ over (\d+[smhdy])+\)", "AGE"),
        (r"(?<![\w.-])(\d+[smhdy])+(?![\w.-])", "AGE"),
        (r"(?<=\S) {2,}", "  "),
        (r"[ \t]+(?=\n)", ""),
    ]
]


def kubectl() -> str | None:
    """The kubectl of this environment, or else the one on the path."""
    beside = Path(sys.executable).parent / "kubectl"
    return str(beside) if beside.exists() else shutil.which("kubectl")


def chapters() -> list[Chapter]:
    """All chapters by name, with what they share filled in."""
    shared = yaml.safe_load((FOLDER / "shared.yaml").read_text())
    paths = sorted((FOLDER / "chapters").glob("*.yaml"))
    return [_chapter(path, shared) for path in paths]


def _chapter(path: Path, shared: dict[str, Any]) -> Chapter:
    chapter: Chapter = yaml.safe_load(path.read_text())
    files = {name: shared["files"][name] for name in chapter.get("shared", [])}
    always = chapter.get("drop", [])
    steps = [
        {**step, "drop": _drops([*always, *step.get("drop", [])], shared["drops"])}
        for step in chapter["steps"]
    ]
    return {
        "chapter": path.stem,
        "settings": chapter.get("settings", {}),
        "files": {**files, **chapter.get("files", {})},
        "steps": steps,
    }


def _drops(drops: list[Any], shared: dict[str, list[Any]]) -> list[dict[str, Any]]:
    found = [shared[drop] if isinstance(drop, str) else [drop] for drop in drops]
    return [drop for drops in found for drop in drops]


def recording_of(chapter: str) -> Path:
    return FOLDER / "recordings" / f"{chapter}.json"


def recorded(chapter: str) -> list[Outcome]:
    """Fails for a chapter that has not been recorded."""
    outcomes: list[Outcome] = json.loads(recording_of(chapter).read_text())
    return outcomes


def normalised(text: str, folder: Path) -> list[str]:
    text = text.replace(str(folder), "FOLDER")
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    return text.splitlines()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _without(lines: list[str], pattern: re.Pattern[str], *, block: bool) -> list[str]:
    kept, under = [], -1
    for line in lines:
        inside = _indent(line) > under or line[under:].startswith("- ")
        if under >= 0 and inside:
            continue
        under = -1
        if pattern.search(line):
            under = _indent(line) if block else -1
        else:
            kept.append(line)
    return kept


def _without_paragraphs(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    kept, inside = [], False
    for line in lines:
        inside = bool(line) and (inside or bool(pattern.search(line)))
        if not inside:
            kept.append(line)
    return kept


def comparable(lines: list[str], step: Step) -> list[str]:
    """The lines that the step holds both servers to."""
    kept = lines
    for drop in step["drop"]:
        pattern = re.compile(drop["pattern"])
        if drop.get("paragraph"):
            kept = _without_paragraphs(kept, pattern)
        else:
            kept = _without(kept, pattern, block=drop.get("block", False))
    match step.get("lines"):
        case "sorted":
            return sorted(kept)
        case "last":
            return kept[-1:]
        case "first":
            return kept[:1]
    return kept


def held(outcome: Outcome, step: Step) -> Outcome:
    """What of an outcome is compared."""
    return {
        "run": outcome["run"],
        "exit": outcome["exit"],
        "stdout": comparable(outcome["stdout"], step),
        "stderr": comparable(outcome["stderr"], step),
    }


class Traveller:
    """Runs kubectl in a folder and a namespace of a chapter's own."""

    def __init__(self, program: str, kubeconfig: str, folder: Path, name: str) -> None:
        self.program = program
        self.folder = folder
        self.namespace = f"journey-{name}"
        config = yaml.safe_load(Path(kubeconfig).read_text())
        for context in config["contexts"]:
            context["context"]["namespace"] = self.namespace
        home = folder / "home"
        home.mkdir()
        (home / "config").write_text(yaml.safe_dump(config))
        (home / "kubectl").symlink_to(program)
        self.environment = {
            "PATH": f"{home}:{os.environ.get('PATH', '')}",
            "HOME": str(home),
            "KUBECONFIG": str(home / "config"),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "NO_PROXY": "*",
        }

    def kubectl(
        self, arguments: list[str], *, stdin: str = "", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.run([self.program, *arguments], stdin=stdin, environment=environment)

    def run(
        self, command: list[str], *, stdin: str = "", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def step(self, step: Step) -> Outcome:
        wanted = re.compile(step.get("until", ""))
        end = time.monotonic() + SETTLING_SECONDS
        while True:
            done = self.run(
                self._command(step), stdin=step.get("stdin", ""), environment=step.get("env")
            )
            if wanted.search(done.stdout) or time.monotonic() > end:
                break
            time.sleep(0.1)
        return {
            "run": step.get("run") or step["sh"],
            "exit": done.returncode,
            "stdout": normalised(done.stdout, self.folder),
            "stderr": normalised(done.stderr, self.folder),
        }

    def _command(self, step: Step) -> list[str]:
        if "sh" in step:
            return ["sh", "-c", step["sh"]]
        return [self.program, *shlex.split(step["run"])]

    def chapter(self, chapter: Chapter) -> list[Outcome]:
        for name, text in chapter["files"].items():
            (self.folder / name).write_text(text)
        made = self.kubectl(["create", "namespace", self.namespace])
        if made.returncode:
            raise RuntimeError(f"no namespace for {chapter['chapter']}: {made.stderr}")
        self.step({"run": "get serviceaccount default", "until": "default"})
        return [self.step(step) for step in chapter["steps"]]
