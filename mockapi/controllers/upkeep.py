"""Small controllers that keep one kind in order: protected attribute classes, old certificate
requests of pods, the server's trust bundle.

Sources: pkg/controller/volume/vacprotection, pkg/controller/certificates (cleaner/pcrcleaner.go,
clustertrustbundlepublisher).
"""

import hashlib
from collections.abc import Iterator

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.keys import NO_KEYS, Keys
from mockapi.controllers.protection import CLAIMS, VOLUMES, with_finalizer, without_finalizer
from mockapi.runtime.loop import Runtime

ATTRIBUTES = "storage.k8s.io/v1/volumeattributesclasses"
POD_REQUESTS = "certificates.k8s.io/v1/podcertificaterequests"
BUNDLES = "certificates.k8s.io/v1/clustertrustbundles"


def _claim_classes(claim: Obj) -> Iterator[str]:
    status = objects.status(claim)
    yield from {
        name
        for name in (
            claim["spec"].get("volumeAttributesClassName"),
            status.get("currentVolumeAttributesClassName"),
            (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
        )
        if name
    }


def _volume_classes(volume: Obj) -> Iterator[str]:
    name = volume["spec"].get("volumeAttributesClassName")
    if name:
        yield name


class AttributesProtectionController:
    """VolumeAttributesClasses in use may be deleted, but stay until they are free."""

    name = "volumeattributesclass-protection-controller"
    FINALIZER = "kubernetes.io/vac-protection"

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.classes = runtime.informer(ATTRIBUTES)
        self.claims = runtime.informer(CLAIMS)
        self.volumes = runtime.informer(VOLUMES)
        self.claims.index("attributes-class", _claim_classes)
        self.volumes.index("attributes-class", _volume_classes)
        self.queue = base.queue(runtime, self.name, self.sync, self.classes)
        self.classes.on_event(lambda event: self.queue.add(objects.name(event.object)))
        self.claims.on_event(lambda event: self._user_changed(event, _claim_classes))
        self.volumes.on_event(lambda event: self._user_changed(event, _volume_classes))

    def _user_changed(self, event: Event, names: base.Names) -> None:
        left = set(names(event.object)) if event.type == "DELETED" else set()
        if event.type == "MODIFIED" and event.old is not None:
            left = set(names(event.old)) - set(names(event.object))
        for name in left:
            self.queue.add(name)

    def sync(self, key: str) -> None:
        one = self.classes.get("", key)
        if one is None:
            return
        held = self.FINALIZER in objects.finalizers(one)
        if objects.deleting(one):
            used = self.claims.by("attributes-class", key) or self.volumes.by(
                "attributes-class", key
            )
            if held and not used:
                without_finalizer(self.client, ATTRIBUTES, one, self.FINALIZER)
        elif not held:
            with_finalizer(self.client, ATTRIBUTES, one, self.FINALIZER)


class PodCertificateRequestCleaner:
    """Deletes requests of pods' certificates that are older than a quarter of an hour."""

    name = "podcertificaterequest-cleaner-controller"
    AGE, PERIOD = 900.0, 300.0

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.requests = runtime.informer(POD_REQUESTS)
        base.every(runtime, self.name, self.PERIOD, self.clean)

    def clean(self) -> None:
        for request in self.requests.list():
            if self.clock.now() >= parse_timestamp(objects.created(request)) + self.AGE:
                uid = objects.uid(request)
                base.delete_if_there(self.client, POD_REQUESTS, request, uid=uid)


class TrustBundlePublisher:
    """The ClusterTrustBundle of the server's own authority, when there is one."""

    name = "kube-apiserver-serving-clustertrustbundle-publisher-controller"
    SIGNER = "kubernetes.io/kube-apiserver-serving"
    keys: Keys = NO_KEYS

    def start(self, runtime: Runtime) -> None:
        if not self.keys.root_ca():
            return
        self.client = base.client(runtime)
        self.bundles = runtime.informer(BUNDLES)
        self.queue = runtime.queue(self.name, self.sync)
        self.bundles.on_event(self._changed)
        self.queue.add("")

    def _changed(self, event: Event) -> None:
        if event.object["spec"].get("signerName") == self.SIGNER:
            self.queue.add("")

    def sync(self, key: str) -> None:
        pem = self.keys.root_ca()
        digest = hashlib.sha256(pem.encode()).digest()[:12].hex()
        name = f"{self.SIGNER.replace('/', ':')}:{digest}"
        spec = {"signerName": self.SIGNER, "trustBundle": pem}
        known = self.bundles.get("", name)
        if known is None:
            made = {
                "apiVersion": "certificates.k8s.io/v1",
                "kind": "ClusterTrustBundle",
                "metadata": {"name": name},
                "spec": spec,
            }
            self.client.create(BUNDLES, "", made)
        elif known["spec"].get("trustBundle") != pem:
            self.client.update(BUNDLES, "", {**known, "spec": spec})
        for other in self.bundles.list():
            ours = other["spec"].get("signerName") == self.SIGNER
            if ours and objects.name(other) != name:
                base.delete_if_there(self.client, BUNDLES, other)
