"""The horizontal pod autoscaler's loop: every 15 seconds for each autoscaler there is.

Source: pkg/controller/podautoscaler/horizontal.go.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.autoscaling import limits, mapping, status
from mockapi.controllers.autoscaling.calculator import Situation, Tolerances
from mockapi.controllers.autoscaling.evaluation import Evaluator, Failure, Result
from mockapi.controllers.autoscaling.limits import Bounds, Memory
from mockapi.controllers.autoscaling.metrics import MetricsClient
from mockapi.controllers.autoscaling.status import Draft
from mockapi.meta import quantity, selectors
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

AUTOSCALERS = "autoscaling/v2/horizontalpodautoscalers"
PERIOD = 15.0
CONFLICTS = 5

logger = logging.getLogger("mockapi.controllers.autoscaling")


class _Done(Exception):
    """The round is over: what there was to say has been said."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    replicas: int
    reason: str
    metrics: list[Obj] | None
    rescale: bool


class AutoscalerController:
    name = "horizontal-pod-autoscaler-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.metrics = MetricsClient(self.client)
        self.recorder = base.recorder(runtime, "horizontal-pod-autoscaler")
        self.autoscalers = runtime.informer(AUTOSCALERS)
        self.pods = runtime.informer("v1/pods")
        self.memories: dict[str, Memory] = {}
        self.selectors: dict[str, selectors.LabelSelector] = {}
        self.queue = base.queue(runtime, self.name, self.sync, self.autoscalers)
        self.autoscalers.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        key = objects.key(event.object)
        if event.type == "DELETED":
            self.memories.pop(key, None)
            self.selectors.pop(key, None)
        elif event.type == "ADDED" or _generation(event.old) != _generation(event.object):
            self.queue.add(key)
        else:
            self.queue.add_after(key, PERIOD)

    def sync(self, key: str) -> None:
        hpa = self.autoscalers.get_key(key)
        if hpa is None:
            return
        self.queue.add_after(key, PERIOD)
        try:
            _Round(self, key, hpa).run()
        except _Done:
            return
        except ApiError as error:
            logger.debug("%s: %s", key, error)


def _generation(obj: Obj | None) -> object:
    return obj and obj["metadata"].get("generation")


class _Round:
    """One look at one autoscaler."""

    def __init__(self, controller: AutoscalerController, key: str, hpa: Obj) -> None:
        self._all = controller
        self._key = key
        self._hpa = hpa
        self._spec = hpa["spec"]
        self._now = controller.clock.now()
        self._draft = Draft(hpa, self._now)
        self._least = self._spec.get("minReplicas", 1)
        self._memory = controller.memories.setdefault(key, Memory())

    def run(self) -> None:
        resource, scale = self._target()
        self._draft.set(
            status.ABLE,
            True,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        )
        current = scale["spec"].get("replicas", 0)
        if not self._memory.recommendations:
            self._memory.recommend(current, self._now, None)
        outcome = self._decide(scale, current)
        desired = outcome.replicas if outcome.rescale else current
        if outcome.rescale:
            self._rescale(resource, scale, current, outcome)
        self._draft.observed(current, outcome.metrics, desired=desired)
        if outcome.rescale:
            self._draft.scaled()
        self._write()

    # -- the target ------------------------------------------------------------------------------

    def _target(self) -> tuple[str, Obj]:
        """The target's resource and its scale."""
        target = self._spec["scaleTargetRef"]
        group = (target.get("apiVersion") or "").rpartition("/")[0]
        namespace, failure = objects.namespace(self._hpa), ""
        try:
            for resource in mapping.resources_of(self._all.client, group, target["kind"]):
                try:
                    name = target["name"]
                    scale = self._all.client.get(resource, namespace, name, subresource="scale")
                    return resource, scale
                except ApiError as error:
                    failure = failure or error.message
        except mapping.NoMatch as error:
            failure = str(error)
        self._warn("FailedGetScale", failure)
        text = f"the HPA controller was unable to get the target's current scale: {failure}"
        self._draft.set(status.ABLE, False, "FailedGetScale", text)
        self._write()
        raise _Done()

    # -- how many --------------------------------------------------------------------------------

    def _decide(self, scale: Obj, current: int) -> _Outcome:
        most = self._spec["maxReplicas"]
        if not current and not self._wakes():
            text = "scaling is disabled since the replica count of the target is zero"
            self._draft.set(status.ACTIVE, False, "ScalingDisabled", text)
            return _Outcome(0, "", None, False)
        if current > most:
            return _Outcome(most, "Current number of replicas above Spec.MaxReplicas", None, True)
        if current and current < self._least:
            text = "Current number of replicas below Spec.MinReplicas"
            return _Outcome(self._least, text, None, True)
        return self._by_metrics(scale, current)

    def _wakes(self) -> bool:
        """A target at zero is only looked at when this controller brought it there."""
        slept = self._draft.holds(status.TO_ZERO)
        return slept and (self._least != 0 or self._measures_others())

    def _measures_others(self) -> bool:
        metrics = self._spec.get("metrics") or ()
        return any(metric["type"] in ("Object", "External") for metric in metrics)

    def _by_metrics(self, scale: Obj, current: int) -> _Outcome:
        statuses, best = self._propose(scale, current)
        reason = ""
        if best.replicas > current:
            reason = f"{best.name if best.replicas > 0 else ''} above target"
        if best.replicas < current:
            reason = "All metrics below target"
        desired = self._limited(current, best.replicas)
        if not current and self._least and desired < self._least:
            desired = self._least
            reason = reason or "Current number of replicas below Spec.MinReplicas"
        return _Outcome(desired, reason, statuses, desired != current)

    def _limited(self, current: int, wanted: int) -> int:
        bounds = Bounds(self._least, self._spec["maxReplicas"])
        behavior = self._spec.get("behavior")
        if behavior is None:
            decision = limits.plain(self._memory, current, wanted, bounds, self._now)
        else:
            decision = limits.with_behavior(
                self._memory, current, wanted, bounds, behavior, self._now
            )
        self._draft.say(status.ABLE, decision.able)
        self._draft.say(status.LIMITED, decision.limited)
        return decision.replicas

    def _propose(self, scale: Obj, current: int) -> tuple[list[Obj], Result]:
        """The statuses of all metrics, and the highest proposal."""
        metrics = self._spec.get("metrics") or ()
        statuses: list[Obj] = [{"type": ""} for _ in metrics]
        try:
            evaluator = self._evaluator(scale, current)
        except Failure as failure:
            self._give_up(current, None, failure.message)
        best, first, failed = Result(0, "", {}), None, 0
        for index, spec in enumerate(metrics):
            try:
                result = evaluator.evaluate(spec)
            except Failure as failure:
                self._warn(failure.reason, failure.cause)
                first, failed = first or failure, failed + 1
                continue
            statuses[index] = result.status
            if not best.replicas or result.replicas > best.replicas:
                best = result
        if first is not None and (failed >= len(metrics) or best.replicas < current):
            text = f"the HPA was unable to compute the replica count: {first.cause}"
            self._draft.set(status.ACTIVE, False, first.reason, text)
            count = f"{failed} invalid out of {len(metrics)}"
            text = f"invalid metrics ({count}), first error is: {first.message}"
            self._give_up(current, statuses, text)
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._draft.set(status.ACTIVE, True, "ValidMetricFound", text)
        return statuses, best

    def _give_up(self, current: int, statuses: list[Obj] | None, text: str) -> NoReturn:
        self._draft.observed(current, statuses)
        self._write()
        self._warn("FailedComputeMetricsReplicas", text)
        raise _Done()

    def _evaluator(self, scale: Obj, current: int) -> Evaluator:
        """Raises Failure where the pods cannot be told."""
        selector, pods = self._selected(objects.status(scale).get("selector") or "")
        at = Situation(
            pods, current, objects.status(scale).get("replicas", 0), self._tolerances(), self._now
        )
        return Evaluator(self._all.metrics, objects.namespace(self._hpa), selector, at)

    def _selected(self, text: str) -> tuple[selectors.LabelSelector, Sequence[Obj]]:
        if not text:
            self._bad_selector(
                "SelectorRequired",
                "selector is required",
                "the HPA target's scale is missing a selector",
            )
        try:
            selector = selectors.parse_labels(text)
        except selectors.SelectorError as error:
            what = "couldn't convert selector into a corresponding internal selector object"
            self._bad_selector("InvalidSelector", f"{what}: {error.message}", "")
        self._all.selectors[self._key] = selector
        inside = self._all.pods.list(objects.namespace(self._hpa))
        pods = [pod for pod in inside if selector.matches(objects.labels(pod))]
        others = self._all_selecting(pods)
        if len(others) > 1:
            what = f"pods by selector {text} are controlled by more than one HPA"
            self._bad_selector("AmbiguousSelector", f"{what} (e.g. [{' '.join(others)}])", "")
        return selector, pods

    def _all_selecting(self, pods: Sequence[Obj]) -> list[str]:
        """Autoscalers that select one of the pods; two are enough."""
        prefix = objects.namespace(self._hpa) + "/"
        found = [
            key
            for key, selector in self._all.selectors.items()
            if key.startswith(prefix) and any(selector.matches(objects.labels(pod)) for pod in pods)
        ]
        return found[:2]

    def _bad_selector(self, reason: str, text: str, message: str) -> NoReturn:
        self._warn(reason, text)
        kept = "InvalidSelector" if reason == "SelectorRequired" else reason
        self._draft.set(status.ACTIVE, False, kept, message or text)
        raise Failure(reason, text, text)

    def _tolerances(self) -> Tolerances:
        behavior, found = self._spec.get("behavior") or {}, {}
        for side, field in (("scaleDown", "down"), ("scaleUp", "up")):
            text = (behavior.get(side) or {}).get("tolerance")
            if text is not None:
                found[field] = quantity.parse(text).as_float()
        return Tolerances(**found)

    # -- writes ----------------------------------------------------------------------------------

    def _rescale(self, resource: str, scale: Obj, current: int, outcome: _Outcome) -> None:
        desired, reason = outcome.replicas, outcome.reason
        try:
            self._update_scale(resource, scale, desired)
        except ApiError as error:
            text = f"New size: {desired}; reason: {reason}; error: {error.message}"
            self._warn("FailedRescale", text)
            text = f"the HPA controller was unable to update the target scale: {error.message}"
            self._draft.set(status.ABLE, False, "FailedUpdateScale", text)
            self._draft.observed(current, outcome.metrics)
            self._write()
            raise _Done() from None
        text = f"the HPA controller was able to update the target scale to {desired}"
        self._draft.set(status.ABLE, True, "SucceededRescale", text)
        self._all.recorder.event(
            self._hpa, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {reason}"
        )
        behavior = self._spec.get("behavior")
        if behavior is not None:
            rules = behavior["scaleUp" if desired > current else "scaleDown"]
            self._memory.scaled(current, desired, rules, self._now)
        slept = bool(current > 0 and not desired and not self._least and self._measures_others())
        self._draft.set(
            status.TO_ZERO,
            slept,
            "ScaledToZero" if slept else "NotScaledToZero",
            f"the HPA controller {'scaled' if slept else 'did not scale'} the workload to zero",
        )

    def _update_scale(self, resource: str, scale: Obj, replicas: int) -> None:
        client, namespace = self._all.client, objects.namespace(self._hpa)
        for attempt in range(CONFLICTS):
            asked = {**scale, "spec": {**scale["spec"], "replicas": replicas}}
            try:
                client.update(resource, namespace, asked, subresource="scale")
                return
            except ApiError as error:
                if not base.conflict(error) or attempt == CONFLICTS - 1:
                    raise
            scale = client.get(resource, namespace, objects.name(scale), subresource="scale")

    def _write(self) -> None:
        new = self._draft.finished()
        if new is None:
            return
        try:
            self._all.client.update(
                AUTOSCALERS,
                objects.namespace(self._hpa),
                objects.with_status(self._hpa, new),
                subresource="status",
            )
        except ApiError as error:
            self._warn("FailedUpdateStatus", error.message)
            raise

    def _warn(self, reason: str, message: str) -> None:
        self._all.recorder.event(self._hpa, "Warning", reason, message)
