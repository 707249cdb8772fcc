"""The `default` ServiceAccount and `kube-root-ca.crt` of every namespace.

Sources: pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
"""

from mockapi.client.protocol import Event
from mockapi.controllers import base, objects
from mockapi.controllers.keys import NO_KEYS, Keys
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

ACCOUNTS = "v1/serviceaccounts"
CONFIG_MAPS = "v1/configmaps"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"
TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters."
)


class ServiceAccountController:
    name = "serviceaccount-controller"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.namespaces = runtime.informer("v1/namespaces")
        self.accounts = runtime.informer(ACCOUNTS)
        self.queue = base.queue(runtime, self.name, self.sync, self.namespaces)
        self.namespaces.on_event(self._namespace_changed)
        self.accounts.on_event(self._account_changed)

    def _namespace_changed(self, event: Event) -> None:
        if event.type != "DELETED":
            self.queue.add(objects.name(event.object))

    def _account_changed(self, event: Event) -> None:
        if event.type == "DELETED":
            self.queue.add(objects.namespace(event.object))

    def sync(self, key: str) -> None:
        namespace = self.namespaces.get("", key)
        if namespace is None or objects.status(namespace).get("phase") != "Active":
            return
        if self.accounts.get(key, "default") is not None:
            return
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": key},
        }
        try:
            self.client.create(ACCOUNTS, key, account)
        except ApiError as error:
            if not base.already_exists(error) and not base.namespace_terminating(error):
                raise


class RootCAPublisher:
    name = "root-ca-certificate-publisher-controller"

    keys: Keys = NO_KEYS

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.namespaces = runtime.informer("v1/namespaces")
        self.config_maps = runtime.informer(CONFIG_MAPS)
        self.queue = base.queue(runtime, self.name, self.sync, self.namespaces)
        self.namespaces.on_event(self._namespace_changed)
        self.config_maps.on_event(self._config_map_changed)

    def _namespace_changed(self, event: Event) -> None:
        active = objects.status(event.object).get("phase") == "Active"
        if event.type == "ADDED" or (event.type == "MODIFIED" and active):
            self.queue.add(objects.name(event.object))

    def _config_map_changed(self, event: Event) -> None:
        if event.type != "ADDED" and objects.name(event.object) == ROOT_CA:
            self.queue.add(objects.namespace(event.object))

    def sync(self, key: str) -> None:
        data = {"ca.crt": self.keys.root_ca()}
        known = self.config_maps.get(key, ROOT_CA)
        if known is None:
            self._create(key, data)
            return
        if known.get("data") == data and objects.annotations(known).get(DESCRIPTION):
            return
        notes = {**objects.annotations(known), DESCRIPTION: TEXT}
        changed = {**objects.with_metadata(known, annotations=notes), "data": data}
        self.client.update(CONFIG_MAPS, key, changed)

    def _create(self, namespace: str, data: dict[str, str]) -> None:
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": ROOT_CA,
                "namespace": namespace,
                "annotations": {DESCRIPTION: TEXT},
            },
            "data": data,
        }
        try:
            self.client.create(CONFIG_MAPS, namespace, config_map)
        except ApiError as error:
            if not base.not_found(error) and not base.namespace_terminating(error):
                raise
