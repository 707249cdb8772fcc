"""The composition root: builds a whole cluster from its settings, starts, settles and stops it.

`Cluster` lives on the hub of the calling thread. `mockapi.cluster.MockCluster` is what tests use:
the same in a thread of its own, or as a subprocess.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gevent
from gevent.lock import RLock

from mockapi import controllers, kubeconfig
from mockapi.api.app import create_app
from mockapi.api.fairness import Fairness
from mockapi.api.gateway import Gateway
from mockapi.api.kernel import Kernel
from mockapi.api.security import secure
from mockapi.api.serve import Server
from mockapi.apiextensions.apiservices import APIServices
from mockapi.apiextensions.definitions import Definitions
from mockapi.base.clock import (
    Clock,
    ManualTime,
    RealTime,
    ScaledTime,
    TimeSource,
    monotonic,
    timestamp,
)
from mockapi.base.ids import Ids
from mockapi.base.lazy import module
from mockapi.client.inprocess import InProcessClients
from mockapi.controllers.fairness import FairnessConfiguration
from mockapi.controllers.flowschemas import FlowSchemaStatus
from mockapi.controllers.keys import NeedsKeys
from mockapi.harness.metrics import CustomValue, ExternalValue, Metrics
from mockapi.kubelet import files, json_schemas
from mockapi.kubelet.admitting import BehaviourAdmission
from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.endpoints import NodeEndpoints
from mockapi.kubelet.kubelet import Kubelet, KubeletSettings
from mockapi.kubelet.metrics import NodeMetrics, PodMetrics
from mockapi.kubelet.podlogs import PodLogs
from mockapi.machinery import authorization, bootstrap, catalogue, discovery, metrics_api
from mockapi.machinery.admission.expressions import Expressions
from mockapi.machinery.admission.hooks import configured
from mockapi.machinery.admission.mutating_policies import MutatingAdmissionPolicy
from mockapi.machinery.admission.opt_out import OptOut
from mockapi.machinery.admission.plugins import default_chain
from mockapi.machinery.admission.policies import Policies
from mockapi.machinery.admission.validating_policies import ValidatingAdmissionPolicy
from mockapi.machinery.admission.webhooks import (
    MutatingAdmissionWebhook,
    ValidatingAdmissionWebhook,
)
from mockapi.machinery.allocation import service_hook
from mockapi.machinery.bodies import Bodies
from mockapi.machinery.components import ComponentStatuses
from mockapi.machinery.custom import Customs
from mockapi.machinery.extensions import Extensions
from mockapi.machinery.managedfields.managers import Managers
from mockapi.machinery.managedfields.shapes import CustomShapes
from mockapi.machinery.objects import Objects
from mockapi.machinery.pipeline import Pipeline
from mockapi.machinery.registry import Registry
from mockapi.machinery.request import ListResult, Request, Result
from mockapi.machinery.resource import Obj, Resource, UserInfo
from mockapi.machinery.schema.schemas import Schemas
from mockapi.meta import codec
from mockapi.meta.errors import ApiError, NotFound
from mockapi.meta.names import GroupVersionKind, split_api_version
from mockapi.resources import defaults
from mockapi.resources.conversions import CONVERSIONS
from mockapi.resources.custom.strategy import strategy as custom_strategy
from mockapi.resources.strategies import STRATEGIES
from mockapi.runtime.loop import Component, Runtime
from mockapi.scheduler import configuration
from mockapi.scheduler.component import Scheduler
from mockapi.scheduler.configuration import Configuration, ConfigurationError
from mockapi.settings import Settings, SettingsError
from mockapi.store.memory import MemoryStore

logger = logging.getLogger("mockapi.composition")

# How long the control plane may work before requests get their turn.
SLICE_SECONDS = 0.004
# How long nothing is to be done until what can wait is done.
REST_SECONDS = 0.05
# How many more steps of the control plane a settle may take.
SETTLE_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of a cluster at one moment, as stored bytes by key."""

    objects: dict[str, bytes]


def time_source(settings: Settings) -> TimeSource:
    if settings.clock == "manual":
        return ManualTime()
    if settings.clock == "scaled":
        return ScaledTime(settings.speed)
    return RealTime()


def _call_webhook(config: Obj, review: Obj, *, seconds: float) -> Obj:
    """The HTTP client is loaded by the first call."""
    answer: Obj = module("mockapi.client.webhook").Webhooks().post(config, review, seconds=seconds)
    return answer


def _scheduling(settings: Settings) -> Configuration:
    """What the scheduler's file says; SettingsError when it is wrong or of no use."""
    path = settings.scheduler_config
    if not path:
        return Configuration(())
    if not settings.scheduler:
        raise SettingsError(f"--scheduler-config: {path}: the scheduler is off")
    try:
        return configuration.load(Path(path).read_bytes())
    except OSError as error:
        raise SettingsError(f"--scheduler-config: {path}: {error.strerror}") from None
    except ConfigurationError as error:
        raise SettingsError(f"--scheduler-config: {path}: {error}") from None


def _kubelet_settings(settings: Settings) -> KubeletSettings:
    """Raises SettingsError for what is wrong in a file."""
    name = "--nodes"
    try:
        shapes = files.shapes(settings.nodes)
        name = "--behaviours"
        rules = files.rules(settings.behaviours)
    except files.BadFile as error:
        raise SettingsError(f"{name}: {error}") from None
    return KubeletSettings(shapes=shapes, rules=rules)


class Cluster:
    """One cluster: API server and control plane on one store, one clock and one source of ids."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        try:
            self._controllers = controllers.chosen(settings.controllers)
        except ValueError as error:
            raise SettingsError(f"--controllers: {error}") from None
        self._scheduling = _scheduling(settings)
        self._kubelet_settings = _kubelet_settings(settings)
        self.clock = Clock(time_source(settings))
        self.ids = Ids(settings.seed)
        self.catalogue = catalogue.load(settings.kubernetes_version)
        self._has_metrics = settings.metrics_server and settings.kubelet
        self.store = MemoryStore()
        self.registry = Registry(self.catalogue, STRATEGIES)
        self.pipeline = self._pipeline()
        self.extensions = Extensions(lambda: self._served)
        self.metrics = Metrics(self.clock.now, self._described)
        for extension in self.metrics.extensions:
            self.extensions.add(extension)
        self.clients = InProcessClients(self.pipeline, fetch=self.extensions.fetch)
        self.runtime = Runtime(
            self.clients, clock=self.clock, ids=self.ids, names=controllers.canonical_names()
        )
        self.security = secure(
            self.pipeline.reading,
            self.clock,
            tls=settings.tls,
            authorization=settings.authorization,
            hosts=(settings.host,),
            fairness=Fairness(self.pipeline.reading, self.store),
        )
        self.kernel = Kernel(
            pipeline=self.pipeline,
            registry=self.registry,
            clock=self.clock,
            served=self.extensions.served,
            extensions=self.extensions,
            security=self.security,
            controls=ClusterControls(self),
        )
        self._served = self._discover()
        self.customs = self._customs()
        self.gateway = Gateway(self.kernel)
        self.server: Server | None = None
        self.scheduler: Scheduler | None = None
        self.kubelet: Kubelet | None = None
        self.at_rest: Callable[[], None] = lambda: None
        """Called when the control plane has come to rest: the time for what can wait."""
        self._loop: gevent.Greenlet | None = None
        self._initial: Snapshot | None = None
        # A step may wait for a webhook; nobody else steps meanwhile.
        self._working = RLock()

    def _discover(self, definitions: Sequence[Obj] = ()) -> discovery.Served:
        if not self._has_metrics:
            return discovery.served(self.catalogue, definitions)
        for row in metrics_api.RESOURCES:
            self.registry.declare(row)
        aggregated = ((metrics_api.GROUP,), metrics_api.RESOURCES)
        return discovery.served(self.catalogue, definitions, aggregated=aggregated)

    def _pipeline(self) -> Pipeline:
        types = self.catalogue.types
        defaulters = defaults.defaulters(lambda: timestamp(self.clock.now()))
        schemas = Schemas(types, defaulters, names=lambda: self.catalogue.table("gonames"))
        objects = Objects(schemas, CONVERSIONS, defaults.NORMALISERS)
        self._managers = Managers(
            types,
            convert=lambda resource, obj, version: self._converted(resource, obj, version),
            custom=lambda resource: self.customs.node(resource),
            version=lambda resource, version: self.customs.version(resource, version),
        )
        pipeline = Pipeline(
            registry=self.registry,
            store=self.store,
            objects=objects,
            bodies=Bodies(
                objects=objects,
                types=types,
                clock=self.clock,
                protobuf=lambda *said: module("mockapi.machinery.protobuf").decode_body(*said),
                is_custom=self._is_custom,
            ),
            clock=self.clock,
            ids=self.ids,
            admission=default_chain(self._charge, self._may, [OptOut(controllers.kept_off)]),
            managers=self._managers,
            hooks={},
        )
        pipeline.writer.refusal = self._refusal
        pipeline.answer("subjectaccessreviews.authorization.k8s.io", self._review)
        self._admit_webhooks(pipeline)
        pipeline.writer.hooks["services"] = service_hook(self.store, objects, self.ids)
        return pipeline

    def _admit_webhooks(self, pipeline: Pipeline) -> None:
        """Policies and webhooks come right before the quota, which counts what they have made of
        an object."""
        post, objects, reading = _call_webhook, pipeline.objects, pipeline.reading
        expressions = Expressions(self._authorize)
        pipeline.writer.admission.add_before(
            "ResourceQuota",
            MutatingAdmissionPolicy(
                self._policies("mutating", pipeline),
                expressions,
                objects=objects,
                managers=self._managers,
            ),
            MutatingAdmissionWebhook(
                configurations=configured(reading, self.store, "mutating"),
                post=post,
                objects=objects,
                equivalents=self.registry.equivalents,
                expressions=expressions,
            ),
            ValidatingAdmissionPolicy(self._policies("validating", pipeline), expressions),
            ValidatingAdmissionWebhook(
                configurations=configured(reading, self.store, "validating"),
                post=post,
                objects=objects,
                equivalents=self.registry.equivalents,
                expressions=expressions,
            ),
        )

    def _customs(self) -> Customs:
        managers = self._managers
        return Customs(
            registry=self.registry,
            objects=self.pipeline.objects,
            shapes=CustomShapes(managers.shapes),
            strategy=custom_strategy,
        )

    def _served_anew(self) -> None:
        """Discovery and OpenAPI follow what is served."""
        definitions = self.customs.definitions
        if definitions != list(self._served.definitions):
            self._served = self._discover(definitions)

    def _is_custom(self, gvk: GroupVersionKind) -> bool:
        resource = self.registry.find_kind(gvk)
        return resource is not None and resource.custom is not None

    def _policies(self, sort: str, pipeline: Pipeline) -> Policies:
        return Policies(
            sort,
            reader=pipeline.reading,
            store=self.store,
            objects=pipeline.objects,
            registry=self.registry,
        )

    def _authorize(
        self, user: UserInfo, attributes: authorization.Attributes
    ) -> authorization.Decision:
        return self.security.authorizer.authorize(user, attributes)

    def _may(self, user: UserInfo, attributes: authorization.Attributes) -> bool:
        return self._authorize(user, attributes).allowed

    def _refusal(self, user: UserInfo, verb: str, **asked: str) -> str:
        attributes = authorization.Attributes(verb, **asked)
        decision = self._authorize(user, attributes)
        if decision.allowed:
            return ""
        return authorization.forbidden(user, attributes, decision.reason).message

    def _review(self, request: Request) -> Result:
        """The access reviews of our own controllers."""
        obj, authorizer = request.obj, self.security.authorizer
        spec = obj["spec"]
        status = authorization.review(spec, authorization.subject_of(spec), authorizer)
        return Result(201, {**obj, "status": status})

    def _charge(self, quota: Obj) -> None:
        client = self.clients.client("kube-apiserver")
        client.update(
            "v1/resourcequotas", quota["metadata"]["namespace"], quota, subresource="status"
        )

    def _described(self, group_resource: str, namespace: str) -> Sequence[Obj]:
        """The objects that custom metrics are about."""
        resource = self.registry.stored(group_resource)
        if resource is None:
            return ()
        within = namespace if resource.namespaced else ""
        answer = self.pipeline.handle(Request("list", resource, within))
        assert isinstance(answer, ListResult)
        return [item.obj for item in answer.items]

    def _converted(self, resource: Resource, obj: Obj, api_version: str) -> Obj | None:
        """An object of a served version in another one, None when that is not served."""
        group, version = split_api_version(api_version)
        other = self.registry.find(group, version, resource.gvr.resource)
        if other is None or other.bucket != resource.bucket:
            return None
        objects = self.pipeline.objects
        return objects.from_storage(other, objects.to_storage(resource, obj))

    # -- life ----------------------------------------------------------------------------------

    def start(self, *, listen: bool = True) -> None:
        """Populate, bring the control plane up, and serve. Raises PortInUse."""
        bootstrap.populate(self.pipeline, metrics_api.OBJECTS if self._has_metrics else ())
        # What came before is no history that a client can ask for, as in the real server.
        self.store.compact(self.store.revision)
        if listen:
            self._listen()
        try:
            for component in self._components():
                self.runtime.add(component)
        except BadBehaviour as error:
            self.stop()
            raise SettingsError(f"--nodes: {error}") from None
        self.pipeline.reading.computed["componentstatuses"] = ComponentStatuses(self._running)
        if self._has_metrics and self.kubelet is not None:
            self._measure(self.kubelet)
        self.runtime.run_until_idle(limit=SETTLE_LIMIT)
        self._initial = self.snapshot()
        self._loop = gevent.spawn(self._run)

    def _listen(self) -> None:
        self.server = Server(
            create_app(self.gateway),
            host=self.settings.host,
            port=self.settings.port,
            ssl_context=self.security.ssl_context,
            closing=self.kernel.streams,
        )
        self.server.start()
        self.gateway.address = self.server.url.partition("://")[2]

    def _components(self) -> Sequence[Component]:
        extensions = (
            Definitions(self.customs, self._served_anew),
            APIServices(),
            FlowSchemaStatus(),
            FairnessConfiguration(lambda: self.registry.catalogue.table("bootstrap")),
        )
        components: list[Component] = [*extensions, *self._controllers]
        for component in components:
            if isinstance(component, NeedsKeys):
                component.keys = self.security
        if self.settings.scheduler:
            configured = self._scheduling
            self.scheduler = Scheduler(
                configured.profiles,
                first_back_off=configured.first_back_off,
                last_back_off=configured.last_back_off,
                extenders=configured.extenders,
            )
            components.append(self.scheduler)
        if self.settings.kubelet:
            self.kubelet = Kubelet(self._kubelet_settings)
            admission = self.pipeline.writer.admission
            admission.add(BehaviourAdmission(self.kubelet.behaviours))
            components.append(self.kubelet)
            find = self.pipeline.reading.get
            self.kernel.logs = PodLogs(find, self.kubelet.behaviours, self.clock)
            self.kernel.nodes = NodeEndpoints(
                self.kubelet, self.clock, lambda: self.catalogue.table("kubelet")
            )
        return components

    def _running(self) -> Sequence[str]:
        parts = {"controller-manager": self._controllers, "scheduler": self.scheduler}
        return [name for name, part in parts.items() if part]

    def _measure(self, kubelet: Kubelet) -> None:
        """Serve what pods and nodes use."""
        computed, behaviours, clock = self.pipeline.reading.computed, kubelet.behaviours, self.clock
        computed["pods.metrics.k8s.io"] = PodMetrics(kubelet.pods, behaviours, clock)
        computed["nodes.metrics.k8s.io"] = NodeMetrics(
            kubelet.nodes, kubelet.pods_on, behaviours, clock
        )

    def _run(self) -> None:
        """The loop of the control plane: work in slices, then wait for a write or a timer."""
        runtime, rested = self.runtime, False
        while True:
            handle = runtime.changed.handle()
            if self._slice():
                rested = False
                gevent.sleep(0)
                continue
            delay = self.clock.real_delay()
            if rested or (delay is not None and delay <= REST_SECONDS):
                rested = not handle.wait(delay)
            elif not handle.wait(REST_SECONDS):
                self.at_rest()
                rested = True

    def _slice(self) -> bool:
        """Work for a few milliseconds; True when there may be more to do."""
        end = monotonic() + SLICE_SECONDS
        with self._working:
            while self.runtime.step():
                if monotonic() > end:
                    return True
        return False

    def stop(self) -> None:
        """End the loop, close open watches properly, close the listener."""
        if self._loop is not None:
            self._loop.kill()
            self._loop = None
        if self.server is not None:
            self.server.stop()
            self.server = None
        self.runtime.close()

    @property
    def url(self) -> str:
        if self.server is None:
            raise RuntimeError("the cluster does not listen")
        return self.server.url

    def write_kubeconfig(self, path: Path) -> None:
        """A complete kubeconfig of its own. Raises OSError."""
        security = self.security
        content = kubeconfig.document(self.url, ca=security.ca, token=security.token)
        kubeconfig.write(path, content)

    # -- time and state ------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the control plane work until nothing is due."""
        with self._working:
            self.runtime.run_until_idle(limit=SETTLE_LIMIT)

    def advance(self, seconds: float) -> None:
        """Move a manual clock, stopping at every timer on the way."""
        target = self.clock.now() + seconds
        self.settle()
        while (due := self.clock.next_due()) is not None and due <= target:
            self.clock.move_to(due)
            self.settle()
        self.clock.move_to(target)
        self.settle()

    def snapshot(self) -> Snapshot:
        """All objects as they are now."""
        return Snapshot({entry.key: entry.value for entry in self.store.all()})

    def restore(self, snapshot: Snapshot) -> None:
        """Bring all objects back to a snapshot, as ordinary writes: watches live on."""
        writer, objects = self.pipeline.writer, self.pipeline.objects
        for entry in list(self.store.all()):
            if entry.key not in snapshot.objects:
                writer.remove(entry)
            elif entry.value != snapshot.objects[entry.key]:
                writer.put_over(entry, objects.load(snapshot.objects[entry.key]))
        present = {entry.key for entry in self.store.all()}
        for key, value in snapshot.objects.items():
            if key not in present:
                writer.put_new(key, objects.load(value))
        self.settle()

    def reset(self) -> None:
        """Back to the state right after the start."""
        if self._initial is None:
            raise RuntimeError("the cluster has not been started")
        if self.kubelet is not None:
            self.kubelet.behaviours.set_rules(self._kubelet_settings.rules)
        self.metrics.set((), ())
        self.restore(self._initial)


class ClusterControls:
    """What the control API does to a cluster. See `api.control.controls.Controls`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def now(self) -> float:
        return self._cluster.clock.now()

    def settle(self) -> None:
        self._cluster.settle()

    def advance(self, seconds: float) -> None:
        self._cluster.advance(seconds)

    def reset(self) -> None:
        self._cluster.reset()

    def explain(self, namespace: str, name: str) -> Obj:
        scheduler = self._scheduler()
        pod = self._cluster.pipeline.reading.get("pods", namespace, name)
        if pod is None:
            raise NotFound("", "pods", name)
        return scheduler.explain(pod)

    def explain_proposed(self, pod: Obj) -> Obj:
        """The pod goes through a strict dry run first, so that it is defaulted and admitted. One
        that has the name of an existing pod stands in its place."""
        scheduler = self._scheduler()
        metadata = dict(pod.get("metadata") or {})
        namespace = metadata.setdefault("namespace", "default")
        name = metadata.get("name") or ""
        known = name and self._cluster.pipeline.reading.get("pods", namespace, name)
        if known:
            metadata["generateName"] = metadata.pop("name")
        request = Request(
            "create",
            self._cluster.registry.find_text("v1/pods"),
            namespace,
            body=codec.dumps({"apiVersion": "v1", "kind": "Pod", **pod, "metadata": metadata}),
            content_type="application/json",
            query={"dryRun": ["All"], "fieldValidation": ["Strict"]},
        )
        result = self._cluster.pipeline.handle(request)
        assert isinstance(result, Result)
        made = result.obj
        if known:
            same = {"name": name, "uid": known["metadata"]["uid"]}
            made = {**made, "metadata": {**made["metadata"], **same}}
        return scheduler.explain(made)

    def _scheduler(self) -> Scheduler:
        if self._cluster.scheduler is None:
            raise ApiError(409, "Conflict", "the cluster runs without its own scheduler")
        return self._cluster.scheduler

    def behaviours(self) -> Sequence[Obj]:
        return self._kubelet().behaviours.rules

    def set_behaviours(self, rules: Sequence[Obj]) -> None:
        try:
            self._kubelet().behaviours.set_rules(rules)
        except BadBehaviour as error:
            causes = [
                {"reason": "FieldValueInvalid", "message": text, "field": f"rules{path}"}
                for path, text in error.problems
            ]
            raise ApiError(422, "Invalid", str(error), details={"causes": causes}) from None

    def schema(self, name: str) -> Obj | None:
        make = json_schemas.ALL.get(name)
        return None if make is None else make()

    def metrics(self) -> Obj:
        known = self._cluster.metrics
        return {
            "custom": [asdict(value) for value in known.custom],
            "external": [asdict(value) for value in known.external],
        }

    def set_metrics(self, custom: Sequence[Obj], external: Sequence[Obj]) -> None:
        self._cluster.metrics.set(
            [CustomValue(**row) for row in custom], [ExternalValue(**row) for row in external]
        )

    def _kubelet(self) -> Kubelet:
        if self._cluster.kubelet is None:
            raise ApiError(409, "Conflict", "the cluster runs without its own kubelet")
        return self._cluster.kubelet
