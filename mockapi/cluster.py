"""`MockCluster`: a cluster for tests, in a thread of the test process or as a subprocess.

    with MockCluster() as cluster:
        connection = kubernetes.config.new_client_from_config(cluster.kubeconfig)
        pods = kubernetes.client.CoreV1Api(connection).list_namespaced_pod("default")

No kubeconfig but its own is read or written, and that one lies in a temporary folder.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, TypeVar

import gevent
import gevent.event
import requests

from mockapi import kubeconfig
from mockapi.composition import Cluster
from mockapi.settings import Settings, settings_from

Result = TypeVar("Result")
START_SECONDS = 60.0


class _Backend(Protocol):
    """Where the cluster runs."""

    url: str

    def settle(self) -> None: ...

    def advance(self, seconds: float) -> None: ...

    def reset(self) -> None: ...

    def now(self) -> float: ...

    def stop(self) -> None: ...


class MockCluster:
    """A running cluster; also a context manager.

    `overrides` are settings by name (`nodes=5`, `clock="manual"`, `seed=1`); an unknown one is a
    SettingsError that names the nearest valid one.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        mode: Literal["thread", "subprocess"] = "thread",
        **overrides: Any,
    ) -> None:
        overrides.setdefault("port", 0)
        self.settings = settings_from(settings, **overrides)
        self.mode = mode
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._backend: _Backend | None = None

    def start(self) -> "MockCluster":
        """Start it; returns when it serves. Raises PortInUse."""
        if self._backend is not None:
            raise RuntimeError("the cluster is already running")
        self._folder = tempfile.TemporaryDirectory(prefix="mockapi-")
        path = Path(self._folder.name) / "kubeconfig"
        try:
            make = _InThread if self.mode == "thread" else _AsSubprocess
            self._backend = make(self.settings, path)
        except BaseException:
            self._folder.cleanup()
            self._folder = None
            raise
        return self

    @property
    def _running(self) -> _Backend:
        if self._backend is None:
            raise RuntimeError("the cluster is not running; use `with MockCluster() as cluster:`")
        return self._backend

    @property
    def url(self) -> str:
        """Where it serves, `http://127.0.0.1:PORT`."""
        return self._running.url

    @property
    def kubeconfig(self) -> str:
        """The path of a complete kubeconfig for it."""
        assert self._running is not None and self._folder is not None
        return str(Path(self._folder.name) / "kubeconfig")

    def settle(self) -> None:
        """Return when the control plane has nothing left to do at this moment of its time."""
        self._running.settle()

    def advance(self, seconds: float) -> None:
        """Move a manual clock; everything that falls due on the way happens in order."""
        self._running.advance(seconds)

    def reset(self) -> None:
        """Back to the state right after the start; watches go on."""
        self._running.reset()

    def now(self) -> float:
        """The cluster's time in seconds since the epoch."""
        return self._running.now()

    @property
    def cluster(self) -> Cluster:
        """The cluster itself, in thread mode: only to be touched through `call`."""
        if not isinstance(self._backend, _InThread):
            raise RuntimeError("only a running cluster in thread mode can be reached directly")
        return self._backend.cluster

    def call(self, function: Callable[[], Result]) -> Result:
        """Run a function on the cluster's thread, in thread mode."""
        if not isinstance(self._backend, _InThread):
            raise RuntimeError("only a running cluster in thread mode can be reached directly")
        return self._backend.call(function)

    def stop(self) -> None:
        """End it; open watches are closed properly."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> "MockCluster":
        return self if self._backend is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _InThread:
    """The cluster on the hub of a thread of its own."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self.url = ""
        self.cluster: Cluster
        self._settings = settings
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._ended: gevent.event.Event
        self._thread = threading.Thread(target=self._run, name="mockapi", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        self.call(lambda: self.cluster.write_kubeconfig(path))

    def _run(self) -> None:
        try:
            self._ended = gevent.event.Event()
            self._hub = gevent.get_hub()
            # Something for the hub to wait for, even when nothing else is left.
            self._keeper = self._hub.loop.async_()
            self._keeper.start(lambda: None)
            self.cluster = Cluster(self._settings)
            self.cluster.start()
            self.url = self.cluster.url
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._started.set()
        self._ended.wait()
        self._keeper.close()
        self._hub.destroy(destroy_loop=True)

    def call(self, function: Callable[[], Result]) -> Result:
        done = threading.Event()
        outcome: list[Any] = []

        def job() -> None:
            try:
                outcome.append((function(), None))
            except BaseException as error:
                outcome.append((None, error))
            finally:
                done.set()

        self._hub.loop.run_callback_threadsafe(gevent.spawn, job)
        done.wait()
        value, error = outcome[0]
        if error is not None:
            raise error
        result: Result = value
        return result

    def settle(self) -> None:
        self.call(self.cluster.settle)

    def advance(self, seconds: float) -> None:
        self.call(lambda: self.cluster.advance(seconds))

    def reset(self) -> None:
        self.call(self.cluster.reset)

    def now(self) -> float:
        return self.cluster.clock.now()

    def stop(self) -> None:
        self.call(self.cluster.stop)
        self._hub.loop.run_callback_threadsafe(self._ended.set)
        self._thread.join(START_SECONDS)


class _AsSubprocess:
    """The cluster as `mockapi serve` in a process of its own, steered by its control API."""

    def __init__(self, settings: Settings, path: Path) -> None:
        arguments = [*settings.arguments(), "--kubeconfig", str(path)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mockapi", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            _, complaint = self._process.communicate()
            raise RuntimeError(f"the cluster did not start: {complaint.strip()}")
        self.url, certificate = kubeconfig.server_of(path)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = certificate or True
        self._session.headers.update(kubeconfig.headers_of(path))

    def _post(self, what: str, body: dict[str, Any] | None = None) -> Any:
        reply = self._session.post(f"{self.url}/mockapi/v1/{what}", json=body or {}, timeout=600)
        if reply.status_code != 200:
            raise RuntimeError(reply.json().get("message", reply.text))
        return reply.json()

    def settle(self) -> None:
        self._post("settle")

    def advance(self, seconds: float) -> None:
        self._post("clock/advance", {"seconds": seconds})

    def reset(self) -> None:
        self._post("reset")

    def now(self) -> float:
        reply = self._session.get(f"{self.url}/mockapi/v1/clock", timeout=60)
        return float(reply.json()["now"])

    def stop(self) -> None:
        self._session.close()
        self._process.terminate()
        self._process.communicate(timeout=START_SECONDS)
