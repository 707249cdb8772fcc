"""`mockapi serve`: a cluster as the main program."""

import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import gevent
import gevent.event
import yaml

from mockapi import kubeconfig
from mockapi.api.serve import PortInUse
from mockapi.composition import Cluster
from mockapi.settings import Settings

DEFAULT_KUBECONFIG = "mockapi.kubeconfig"
# Objects that the collector has not seen yet: those of some 4,000 pods, and of 20.
_MANY_NEW = 1_000_000
_FEW_NEW = 5_000


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, which end the process; returns the exit code of a failure."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    cluster = Cluster(settings)
    try:
        cluster.start()
    except PortInUse as error:
        print(f"mockapi: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"mockapi: cannot listen on {settings.host}: {error.strerror}", file=sys.stderr)
        return 1
    path = Path(settings.kubeconfig or DEFAULT_KUBECONFIG).absolute()
    try:
        cluster.write_kubeconfig(path)
    except OSError as error:
        cluster.stop()
        print(f"mockapi: cannot write {path}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"mockapi serves Kubernetes {cluster.catalogue.release} at {cluster.url}")
    print(f"export KUBECONFIG={path}")
    print(
        "kubectl create deployment web --image=nginx --replicas=3 && kubectl get pods -w",
        flush=True,
    )
    _spare_collector(cluster)
    _wait_for_signal()
    cluster.stop()
    _leave()


def _spare_collector(cluster: Cluster) -> None:
    """Objects of a cluster are trees without cycles: looking for garbage in all of them again and
    again costs a seventh of the time that a thousand pods take. What is here now stays, and new
    objects are looked at while there is nothing else to do, or when they have become very many."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MANY_NEW, 5, 20)
    cluster.at_rest = _collect_new


def _collect_new() -> None:
    if gc.get_count()[0] > _FEW_NEW:
        gc.collect(0)


def _leave() -> NoReturn:
    """End here: the interpreter would first free the cluster object by object, which takes a minute
    for one of 50,000 pods. Everything that others wait for is closed and written by now."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _wait_for_signal() -> None:
    ended = gevent.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, ended.set)
    ended.wait()


def print_kubeconfig(settings: Settings) -> int:
    """The kubeconfig of a server with these settings, on standard output.

    A server under TLS has made its authority itself, so its own file is shown where it lies.
    """
    path = Path(settings.kubeconfig or DEFAULT_KUBECONFIG)
    if settings.kubeconfig or settings.tls:
        try:
            sys.stdout.write(path.read_text(encoding="utf-8"))
        except OSError as error:
            print(f"mockapi: cannot read {path}: {error.strerror}", file=sys.stderr)
            return 1
        return 0
    content = kubeconfig.document(f"http://{settings.host}:{settings.port}")
    sys.stdout.write(yaml.safe_dump(content, sort_keys=False))
    return 0
