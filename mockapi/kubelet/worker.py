"""One pod on its node: takes in what the API says, drives the containers, reports the status.

As in the real kubelet a sync first reports what the runtime knows, then acts; what it did is
reported by the next sync. Source: pkg/kubelet/kubelet.go SyncPod, SyncTerminatingPod,
SyncTerminatedPod, pod_workers.go.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.kubelet import actions, conditions, logs, reporting, statuses
from mockapi.kubelet.behaviour import DEFAULT_POD, PodBehaviour
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.containers import Container, Sandboxed
from mockapi.kubelet.fibers import FOREVER, Fiber, Process, until, until_true
from mockapi.kubelet.probes import Prober
from mockapi.kubelet.resize import Resize, carry_out, consider, resources_of, settle
from mockapi.kubelet.shape import Shape, Spec, shape
from mockapi.kubelet.starting import CRASH_LOOP, Failed, start_container
from mockapi.kubelet.stopping import kill_all, kill_container
from mockapi.runtime.backoff import Backoff

if TYPE_CHECKING:
    from mockapi.kubelet.agent import NodeAgent

Obj = dict[str, Any]

DEADLINE = "Pod was active on the node longer than the specified deadline"
RETRY = 10.0
"""Seconds until a failed sync is tried again."""
RETRY_NETWORK = 1.0
SYNCING, TERMINATING, TERMINATED = "syncing", "terminating", "terminated"
_PROBE_ORDER = ("Startup", "Readiness", "Liveness")


class PodWorker:
    """`step()` does all that is due and tells when to come back."""

    def __init__(self, host: "NodeAgent", pod: Obj) -> None:
        self.host = host
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.shape: Shape = shape(pod)
        self.runtime = Sandboxed()
        self.status: Obj = pod.get("status") or {}
        self.phase = SYNCING
        self.gone = False
        """Deleted from the API: nothing is reported any more."""
        self.now = 0.0
        self.reasons: dict[str, statuses.Reason] = {}
        self.restarts: dict[tuple[str, str], Backoff] = {}
        self.image_backoffs: dict[str, Backoff] = {}
        self.pulls: dict[str, int] = {}
        self.pull_errors: dict[str, str] = {}
        self.held_since: dict[str, float] = {}
        self.started = False
        self.forced: tuple[str, str, str] | None = None
        self.grace_override: int | None = None
        self.disruption: Obj | None = None
        self.resize: Resize | None = None
        self._tries: dict[tuple[str, str], int] = {}
        self._probers: dict[tuple[str, str], Prober] = {}
        self._fibers: list[Fiber] = []
        self._main: Fiber | None = None
        self._dirty = True
        self._wake_at = FOREVER
        self._evict_at: float | None = None
        self._deadline_at: float | None = None
        self._unsent = False

    # What others tell the worker.

    def update(self, pod: Obj) -> None:
        """The API has a newer pod (never one with another uid)."""
        old, self.pod = self.pod, pod
        before, after = old["metadata"], pod["metadata"]
        if before.get("generation") != after.get("generation") or old["spec"] != pod["spec"]:
            self._respec(old)
        if any(before.get(k) != after.get(k) for k in ("labels", "annotations")):
            self._dirty = True
        if conditions.readiness_differs(pod):
            self._dirty = True
        served = (pod.get("status") or {}).get("phase")
        if "deletionTimestamp" in after or served in conditions.TERMINAL:
            self._begin_to_terminate()
            shorter = after.get("deletionGracePeriodSeconds")
            longer = before.get("deletionGracePeriodSeconds")
            if longer is not None and shorter is not None and shorter < longer:
                self._restart_termination()

    def _respec(self, old: Obj) -> None:
        """The spec has changed."""
        self._dirty = True
        if self.resize is None and resources_of(old) == resources_of(self.pod):
            self.shape = shape(self.pod)
            return
        if self.resize is None:
            self.resize = Resize(old)
        self.now = self.host.clock.now()
        self.shape = consider(self, self.resize)

    def reconsider(self) -> None:
        """There is more room on the node: a resize that waits may go on."""
        if self.resize is not None and self.phase == SYNCING:
            self.shape = consider(self, self.resize)
            self._dirty = True
            self.host.woken(self)

    def rebind(self, pod: Obj) -> None:
        """Another mirror shows this pod from now on."""
        self.host.move(self.uid, pod["metadata"]["uid"])
        self.pod = pod
        self.uid = pod["metadata"]["uid"]
        self.gone = False
        self._dirty = True

    def removed(self) -> None:
        """The API has no such pod any more: whatever runs is stopped."""
        self.gone = True
        self.pod = {
            **self.pod,
            "metadata": {**self.pod["metadata"], "deletionGracePeriodSeconds": 0},
        }
        self._begin_to_terminate()
        self._restart_termination()

    def evict(
        self, reason: str, message: str, *, grace: int | None = None, disruption: Obj | None = None
    ) -> None:
        """End the pod as failed, and say why."""
        if self.phase != SYNCING:
            return
        self.forced = ("Failed", reason, message)
        self.grace_override = grace
        self.disruption = disruption
        self._begin_to_terminate()

    def _begin_to_terminate(self) -> None:
        """What is under way (a pull, the wait for a volume) is given up."""
        if self.phase == SYNCING:
            self.phase = TERMINATING
            self._begin_anew()

    def _restart_termination(self) -> None:
        """A shorter grace period: what is under way is begun again with it."""
        if self.phase == TERMINATING:
            self._begin_anew()

    def _begin_anew(self) -> None:
        for fiber in self._fibers:
            fiber.cancel()
        self._fibers.clear()
        self._main = None
        self._dirty = True

    # The loop.

    def step(self, now: float) -> float:
        """Do what is due; returns when there is more to do (FOREVER: when told)."""
        self.now = now
        while self._advance():
            pass
        self._flush()
        return self._next()

    def _advance(self) -> bool:
        """One round; what has been done is reported before anything else happens."""
        if self._main is None and (self._dirty or self._wake_at <= self.now):
            self._dirty = False
            self._wake_at = FOREVER
            process = self._process()
            if process is not None:
                fiber = self.spawn(Fiber(process))
                self._main = None if fiber.done else fiber
                return True
        progressed = self._end_containers()
        progressed = self._tick_probers() or progressed
        progressed = self._resume_fibers() or progressed
        if self._evict_at is not None and self._evict_at <= self.now:
            self._evict_by_behaviour()
            progressed = True
        if self._deadline_at is not None and self._deadline_at <= self.now:
            self._pass_deadline()
            progressed = True
        return progressed

    def _next(self) -> float:
        moments = [self._wake_at, *(f.until for f in self._fibers)]
        end = self.runtime.next_end()
        if end is not None:
            moments.append(end)
        moments += [m for m in (self._evict_at, self._deadline_at) if m is not None]
        moments.extend(p.next_at for p in self._probers.values())
        return min(moments)

    def _end_containers(self) -> bool:
        ended = False
        for container in self.runtime.running():
            if container.ends_at is not None and container.ends_at <= self.now:
                container.end()
                self._leave_message(container)
                ended = True
        self._dirty = self._dirty or ended
        return ended

    def _leave_message(self, container: Container) -> None:
        """A termination message may fall back to the end of the log."""
        spec = self.shape.by_name.get(container.name)
        if spec is None or container.message or container.exit_code == 0:
            return
        if spec.container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            container.message = logs.last_words(
                container.behaviour, container.started_at, container.finished_at
            )

    def _resume_fibers(self) -> bool:
        progressed = False
        for fiber in list(self._fibers):
            if not fiber.done and fiber.due(self.now):
                self._flush()
                fiber.resume()
                progressed = True
        self._fibers = [f for f in self._fibers if not f.done]
        if self._main is not None and self._main.done:
            self._main = None
        return progressed

    def spawn(self, fiber: Fiber) -> Fiber:
        """Begin a process beside the others."""
        fiber.resume()
        if not fiber.done:
            self._fibers.append(fiber)
        return fiber

    # Probes.

    def probing(self, name: str, kind: str) -> bool:
        return (name, kind) in self._probers

    def _add_probers(self) -> None:
        if not self.shape.has_probes:
            return
        for spec in (*self.shape.main, *self.shape.init):
            for kind in _PROBE_ORDER:
                if kind in spec.probes and (spec.name, kind) not in self._probers:
                    self._probers[spec.name, kind] = Prober(spec, kind, self.now)

    def _tick_probers(self) -> bool:
        due = [p for p in self._probers.values() if p.next_at <= self.now]
        for prober in due:
            self._probe(prober)
        return bool(due)

    def _probe(self, prober: Prober) -> None:
        """Results count only once the container has been reported."""
        reported = self._reported(prober.spec)
        container = self.runtime.latest(prober.spec.name)
        if container is not None:
            self.refresh(prober.spec, container)
        if container is not None and reported.get("containerID") != container.full_id:
            container = None
        result = prober.tick(
            container,
            started=bool(reported.get("started")),
            pod_ip=self.status.get("podIP", ""),
            now=self.now,
            record=self.record,
        )
        if not result or (prober.kind == "Liveness" and result != "Failure"):
            return
        self._dirty = True
        if self._main is not None and prober.kind != "Liveness":
            # Readiness is reported even while the pod is busy ending.
            self.report(self.generate())

    def refresh(self, spec: Spec, container: Container) -> None:
        """What has been said since the container began holds from the next step on."""
        try:
            behaviours = self.host.behaviours
            container.behaviour = behaviours.of_container(
                self.pod, spec.container, container.attempt
            )
        except BadBehaviour:
            return

    def _probe_unready(self) -> None:
        """A started container that is not ready yet is looked at whenever its pod is synced."""
        for prober in list(self._probers.values()):
            if prober.kind != "Readiness" or prober.made_at == self.now:
                continue
            reported = self._reported(prober.spec)
            if reported.get("started") and not reported.get("ready"):
                self._probe(prober)

    def _reported(self, spec: Spec) -> Obj:
        kind = "initContainerStatuses" if spec.init else "containerStatuses"
        for status in self.status.get(kind) or ():
            if status["name"] == spec.name:
                found: Obj = status
                return found
        return {}

    # Reporting.

    @property
    def described(self) -> str:
        """The pod in messages: name_namespace(uid)."""
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({self.uid})"

    def record(
        self,
        spec: Spec | None,
        kind: str,
        reason: str,
        message: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        path = spec.field_path if spec is not None else ""
        self.host.recorder.event(
            self.pod, kind, reason, message, field_path=path, annotations=annotations
        )

    def tries(self, name: str, step: str) -> int:
        """How often this was tried before; counts this try."""
        key = (name, step)
        count = self._tries.get(key, 0)
        self._tries[key] = count + 1
        return count

    def known_restarts(self, name: str) -> int:
        """The least restart count the next life must have (lives may have been removed)."""
        if self.runtime.lives.get(name):
            return 0
        for kind in ("initContainerStatuses", "containerStatuses"):
            for status in self.status.get(kind) or ():
                if status["name"] == name:
                    return int(status["restartCount"])
        return 0

    def config_problem(self, spec: Spec) -> str:
        """Why the container's configuration cannot be made, empty when it can."""
        return self.host.config_problem(self.pod, spec)

    def generate(self, *, terminal: bool = False) -> Obj:
        return statuses.generate(
            self.pod,
            self.shape,
            self.runtime,
            self.status,
            reasons=self.reasons,
            probing=self.probing,
            now=self.now,
            host_ips=self.host.ips,
            terminal=terminal,
            forced=self.forced,
            extra_conditions=self._extra_conditions(),
        )

    def _extra_conditions(self) -> Sequence[Obj]:
        extra = [] if self.disruption is None else [self.disruption]
        if self.resize is not None and self.phase == SYNCING:
            extra += self.resize.conditions()
        return extra

    def report(self, status: Obj, *, lazy: bool = False) -> None:
        """Take over a new status; lazily, it is only sent when time passes before the next."""
        self.status = status
        self._unsent = True
        if not lazy:
            self._flush()

    def _flush(self) -> None:
        if not self._unsent or self.gone:
            return
        self._unsent = False
        may_run = self.phase != TERMINATED
        status = reporting.merged(self.pod, self.status, may_run=may_run, now=self.now)
        normal = reporting.is_in_order(self.pod, self.status)
        written = self.host.write_status(self.pod, status, normal=normal)
        if written is None:
            self.gone = True
        else:
            self.pod = written

    # Syncing.

    def _process(self) -> Process | None:
        if self.phase == SYNCING:
            return self._sync()
        if self.phase == TERMINATING:
            return self._terminate()
        return None

    def _behaviour(self) -> PodBehaviour:
        try:
            return self.host.behaviours.of_pod(self.pod)
        except BadBehaviour:
            return DEFAULT_POD

    def _sync(self) -> Process:
        behaviour = self._behaviour()
        if self._is_lost():
            return
        if self.resize is not None:
            settle(self, self.resize)
        status = self.generate()
        self.report(status)
        if status["phase"] in conditions.TERMINAL:
            self.phase = TERMINATING
            self._dirty = True
            return
        self._arm_deadline(status)
        if self.shape.has_probes:
            self._probe_unready()
        self.started = False
        fresh = not self.runtime.sandbox
        try:
            yield from self._act(behaviour)
        except Failed as failure:
            self._retry(failure.retry_at)
        else:
            self._arm_eviction(behaviour)
        if self.started or (fresh and self.runtime.sandbox):
            self._dirty = True
        elif behaviour.lost:
            self._report_lost()

    def _is_lost(self) -> bool:
        """Nobody is there who would end it, either."""
        return self.status.get("phase") == "Unknown" and self._behaviour().lost

    def _arm_deadline(self, status: Obj) -> None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is not None:
            self._deadline_at = parse_timestamp(status["startTime"]) + seconds

    def _retry(self, moment: float | None) -> None:
        retry_at = self.now + RETRY if moment is None else moment
        self._wake_at = min(self._wake_at, max(retry_at, self.now))

    def _act(self, behaviour: PodBehaviour) -> Process:
        if not self.pod["spec"].get("hostNetwork") and self.host.network_problem:
            message = f"network is not ready: {self.host.network_problem}"
            self.record(None, "Warning", "NetworkNotReady", message)
            raise Failed("NetworkNotReady", retry_at=self.now + RETRY_NETWORK)
        yield from self.host.mount(self, behaviour)
        self._add_probers()
        todo = actions.compute(self.pod, self.shape, self.runtime)
        if self.resize is not None:
            carry_out(self, self.resize, todo)
        if todo.kill_pod:
            yield from kill_all(self)
            self._stop_sandbox(purge=todo.create_sandbox)
        yield from self._kill(todo)
        if todo.create_sandbox:
            yield from self._create_sandbox(behaviour)
        yield from self._start_all(todo)

    def _kill(self, todo: actions.Actions) -> Process:
        for kill in todo.kill:
            yield from kill_container(
                self, kill.spec, kill.container, kill.message, probe=kill.probe
            )
        for container in todo.reset:
            spec = self.shape.by_name[container.name]
            yield from kill_container(self, spec, container, "killing", override=0)
            self.runtime.lives.pop(container.name, None)
            self.reasons.pop(container.name, None)
        if todo.reset:
            self._dirty = True

    def _stop_sandbox(self, *, purge: bool) -> None:
        if self.runtime.sandbox:
            self.runtime.sandbox = "stopped"
        if purge:
            for spec in self.shape.init:
                self.runtime.lives.pop(spec.name, None)

    def _create_sandbox(self, behaviour: PodBehaviour) -> Process:
        if self.runtime.sandbox:
            message = "Pod sandbox changed, it will be killed and re-created."
            self.record(None, "Normal", "SandboxChanged", message)
        step = behaviour.sandbox
        if step.seconds:
            yield from until(self.now + step.seconds)
        if step.failure(self.tries("", "sandbox")):
            message = f"Failed to create pod sandbox: {step.error}"
            self.record(None, "Warning", "FailedCreatePodSandBox", message)
            raise Failed("CreatePodSandboxError", step.error)
        self.runtime.sandbox = "ready"
        self.runtime.attempt += 1
        if not self.runtime.ips and not self.pod["spec"].get("hostNetwork"):
            self.runtime.ips = self.host.take_ips(self.uid)
        self._report_sandbox()

    def _report_sandbox(self) -> None:
        """PodReadyToStartContainers becomes True before any image is pulled."""
        kind = "PodReadyToStartContainers"
        before = {c["type"]: c for c in self.status.get("conditions") or ()}
        generation = self.pod["metadata"].get("generation", 0)
        moment = timestamp(self.now)
        new = conditions.condition(kind, "True", generation, before, moment)
        kept = [new if c["type"] == kind else c for c in self.status["conditions"]]
        self.report({**self.status, "conditions": kept}, lazy=True)

    def _start_all(self, todo: actions.Actions) -> Process:
        """In order; a main container's failure does not hold up the next one."""
        failures: list[Failed] = []
        for spec in todo.ephemeral:
            yield from self._start_one(spec, failures)
        for spec in todo.init:
            before = len(failures)
            yield from self._start_one(spec, failures)
            if len(failures) > before and not spec.sidecar:
                raise failures[-1]
        for spec in todo.main:
            yield from self._start_one(spec, failures)
        if failures:
            backoffs = [f.retry_at for f in failures if f.retry_at is not None]
            raise Failed(failures[0].reason, retry_at=min(backoffs) if backoffs else None)

    def _start_one(self, spec: Spec, failures: list[Failed]) -> Process:
        try:
            yield from start_container(self, spec)
        except Failed as failure:
            new = self.reasons.get(spec.name, ("", ""))[0] != failure.reason
            self.reasons[spec.name] = (failure.reason, failure.message)
            if failure.reason == CRASH_LOOP and new:
                self._dirty = True
            failures.append(failure)
        else:
            self.reasons.pop(spec.name, None)

    # Ending.

    def _terminate(self) -> Process:
        """Stop everything, report how it ended, give the pod back to the API."""
        yield from until_true(lambda: self.gone or not self._is_lost())
        self.report(self.generate())
        self._drop_probers(("Startup", "Liveness"))
        yield from kill_all(self, override=self.grace_override)
        if self.runtime.sandbox:
            self.runtime.sandbox = "stopped"
        self._drop_probers(_PROBE_ORDER)
        self.phase = TERMINATED
        status = self.generate(terminal=True)
        self.report(reporting.finished(self.pod, self.shape, status))
        self.host.release(self)

    def _drop_probers(self, kinds: Sequence[str]) -> None:
        for key in [k for k in self._probers if k[1] in kinds]:
            del self._probers[key]

    @property
    def wanted(self) -> bool:
        """Whether a step would do something now."""
        return self._dirty or self.phase == TERMINATED

    @property
    def finished(self) -> bool:
        return self.phase == TERMINATED and self._main is None and not self._fibers

    def _arm_eviction(self, behaviour: PodBehaviour) -> None:
        if behaviour.evict is not None and self._evict_at is None and self.phase == SYNCING:
            self._evict_at = self.now + behaviour.evict.after

    def _evict_by_behaviour(self) -> None:
        self._evict_at = None
        evict = self._behaviour().evict
        if evict is not None:
            self.record(None, "Warning", evict.reason, evict.message)
            found = conditions.disruption(self.pod, evict.message, self.now)
            self.evict(evict.reason, evict.message, disruption=found)

    def _pass_deadline(self) -> None:
        self._deadline_at = None
        if self.phase == SYNCING:
            self.record(None, "Normal", "DeadlineExceeded", DEADLINE)
            self.evict("DeadlineExceeded", DEADLINE)

    def _report_lost(self) -> None:
        name, node = self.pod["metadata"]["name"], self.host.name
        message = f"Node {node} which was running pod {name} is unresponsive"
        lost = {**self.status, "phase": "Unknown", "reason": "NodeLost", "message": message}
        self.report(lost)
