"""The command line: `mockapi serve`, `mockapi kubeconfig`, `mockapi version`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mockapi import __version__
from mockapi.base.lazy import module
from mockapi.settings import NAMES, PREFIX, Settings, SettingsError, from_sources, nearest

USAGE_ERROR = 2
FAILURE = 1
COMMANDS = ("serve", "kubeconfig", "version", "explain")
DEFAULT_KUBECONFIG = "mockapi.kubeconfig"


class _Parser(argparse.ArgumentParser):
    """argparse, but one line for a mistake, and a hint at what was meant."""

    def error(self, message: str) -> NoReturn:
        complain(message)
        raise SystemExit(USAGE_ERROR)


def complain(message: str) -> None:
    print(f"mockapi: {message}", file=sys.stderr)


_HELP = {
    "host": "address to listen on (default 127.0.0.1)",
    "port": "port to listen on, 0 for any free one (default 8001)",
    "kubeconfig": f"where to write the kubeconfig (default {DEFAULT_KUBECONFIG})",
    "nodes": "how many nodes there are (default 3), or a YAML file of their shapes",
    "behaviours": "a YAML file of the behaviour rules that hold from the start",
    "kubernetes_version": "the minor to imitate (default 1.37)",
    "clock": "real, scaled or manual",
    "speed": "cluster seconds per real second, for a scaled clock",
    "seed": "seed of all generated names and ids",
    "controllers": "as kube-controller-manager's: *, NAME, -NAME, with commas",
    "scheduler": "on or off",
    "scheduler_config": "the scheduler's configuration, as the real --config",
    "kubelet": "on or off",
    "metrics_server": "on or off: serve metrics.k8s.io, for kubectl top and autoscalers",
    "authorization": "AlwaysAllow or RBAC",
    "log_level": "debug, info, warning or error",
}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mockapi", description="A mock Kubernetes API server for client tests.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    serve = commands.add_parser("serve", help="run a cluster until it is interrupted")
    _add_settings(serve)
    show = commands.add_parser("kubeconfig", help="print a kubeconfig for a running server")
    _add_settings(show)
    commands.add_parser("version", help="print the version")
    explain = commands.add_parser("explain", help="say why a pod is where it is, node by node")
    explain.add_argument("kind", choices=["pod"])
    explain.add_argument("name", nargs="?", help="its name; with -f the first of the file")
    explain.add_argument("-n", "--namespace")
    explain.add_argument("-f", "--filename", metavar="FILE", help="a pod that is only proposed")
    explain.add_argument("-o", "--output", choices=("table", "json"), default="table")
    explain.add_argument("--server", default="http://127.0.0.1:8001", help="URL of the server")
    explain.add_argument("--kubeconfig", metavar="FILE", help="server and credentials, for TLS")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="settings by name, as YAML")
    parser.add_argument("--tls", action="store_const", const=True, help="serve HTTPS")
    for name in NAMES:
        if name != "tls":
            parser.add_argument("--" + name.replace("_", "-"), dest=name, help=_HELP[name])


def _settings(arguments: argparse.Namespace) -> Settings:
    given = {n: v for n in NAMES if (v := getattr(arguments, n, None)) is not None}
    config = arguments.config or os.environ.get(PREFIX + "CONFIG")
    return from_sources(given, os.environ, Path(config) if config else None)


def _check_words(arguments: Sequence[str]) -> None:
    """Unknown commands and options get a hint that argparse does not give."""
    options = tuple("--" + name.replace("_", "-") for name in (*NAMES, "config", "help"))
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise SettingsError(f"unknown command {arguments[0]}{nearest(arguments[0], COMMANDS)}")
    if not arguments or arguments[0] not in ("serve", "kubeconfig"):
        return
    for word in arguments[1:]:
        name = word.partition("=")[0]
        if name.startswith("--") and not any(option.startswith(name) for option in options):
            raise SettingsError(f"unknown option {name}{nearest(name, options)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code (1: failed, 2: bad usage or settings)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        _check_words(words)
        parsed = _parser().parse_args(words)
        return _run(parsed)
    except SettingsError as error:
        complain(str(error))
        return USAGE_ERROR


def _run(parsed: argparse.Namespace) -> int:
    if parsed.command == "version":
        print(f"mockapi {__version__}")
        return 0
    if parsed.command == "explain":
        explained: int = module("mockapi.explaining").run(parsed)
        return explained
    if parsed.command is None:
        _parser().print_help()
        return USAGE_ERROR
    settings = _settings(parsed)
    serving: Any = module("mockapi.serving")
    if parsed.command == "kubeconfig":
        return int(serving.print_kubeconfig(settings))
    return int(serving.serve(settings))
