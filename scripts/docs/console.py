"""Pages whose examples are run: files are written, commands asked again, their output put in place.

A fenced block `yaml FILE` is a file. In a block `console` each line after `$ ` is a command and
what follows is its output; `$ mockapi serve ...` starts a cluster with those options, which ends
with the next one or with the page.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mockapi.cluster import MockCluster

_BLOCK = re.compile(r"^```(yaml|console)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 60


class Console:
    """Runs the blocks of one page in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._cluster: MockCluster | None = None

    def rewritten(self, page: str) -> str:
        """The page with the output as it is now."""
        with self._stack:
            return _BLOCK.sub(self._block, page)

    def _block(self, block: re.Match[str]) -> str:
        kind, name, text = block.groups()
        if kind == "yaml" and name:
            (self._folder / name).write_text(text)
        if kind != "console":
            return block[0]
        commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        said = [f"$ {command}\n{self._run(command)}" for command in commands]
        return f"```console\n{''.join(said)}```"

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        if words[:2] == ["mockapi", "serve"]:
            self._serve(words[2:])
            return ""
        assert self._cluster is not None, "the page asks before it has started a cluster"
        self._cluster.settle()
        beside = Path(sys.executable).parent
        environment = {
            **os.environ,
            "KUBECONFIG": self._cluster.kubeconfig,
            "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}",
        }
        if words[:2] == ["mockapi", "explain"]:
            command += f" --server {self._cluster.url}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
        )
        self._cluster.settle()
        return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())

    def _serve(self, words: list[str]) -> None:
        settings = dict(word.removeprefix("--").split("=", 1) for word in words)
        named: dict[str, Any] = {name.replace("-", "_"): value for name, value in settings.items()}
        if "scheduler_config" in named:
            named["scheduler_config"] = str(self._folder / named["scheduler_config"])
        self._stack.close()
        self._cluster = self._stack.enter_context(MockCluster(**named))


def rewritten(page: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return Console(Path(folder)).rewritten(page)
