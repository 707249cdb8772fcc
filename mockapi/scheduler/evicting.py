"""Victims are told why, deleted and reported. Source: framework/preemption/executor.go."""

import logging

from mockapi.client.protocol import Client
from mockapi.meta.errors import ApiError, NotFound
from mockapi.scheduler.nominations import Nominations
from mockapi.scheduler.pods import PodInfo
from mockapi.scheduler.preemption import Candidate
from mockapi.scheduler.reporting import Reports

logger = logging.getLogger("mockapi.scheduler")


class Evictor:
    def __init__(self, client: Client, reports: Reports, nominations: Nominations) -> None:
        self._client = client
        self._reports = reports
        self._nominations = nominations

    def evict(self, preemptor: PodInfo, candidate: Candidate) -> None:
        """Less important pods lose their nomination to the node, then the victims go, the last of
        them only when the others have gone."""
        node = candidate.node.name
        for other in self._nominations.on(node):
            if other.priority < preemptor.priority and other.nominated_node:
                self._reports.patch_status(other, {"nominatedNodeName": None})
        victims = [victim for victim in candidate.victims if not victim.terminating]
        done = [self._tried(preemptor, victim, node) for victim in victims[:-1]]
        if victims and all(done):
            self._tried(preemptor, victims[-1], node)

    def _tried(self, preemptor: PodInfo, victim: PodInfo, node: str) -> bool:
        try:
            self._preempt(preemptor, victim, node)
        except ApiError as error:
            logger.debug("could not preempt %s: %s", victim.key, error)
            return False
        return True

    def _preempt(self, preemptor: PodInfo, victim: PodInfo, node: str) -> None:
        message = f"{preemptor.scheduler_name}: preempting to accommodate a higher priority pod"
        condition = self._reports.condition(
            victim, "DisruptionTarget", "True", "PreemptionByScheduler", message
        )
        try:
            if condition is not None:
                self._reports.patch(victim, {"conditions": [condition]})
            self._client.delete("v1/pods", victim.namespace, victim.name)
        except NotFound:
            return
        self._reports.event(
            victim,
            "Normal",
            "Preempted",
            "Preempting",
            f"Preempted by pod {preemptor.uid} on node {node}",
            profile=preemptor.scheduler_name,
        )
