"""Approving, signing and cleaning up CertificateSigningRequests.

Source: pkg/controller/certificates (approver, signer, cleaner), pkg/apis/certificates/helpers.go.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.base.lazy import module
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.keys import NO_KEYS, Keys
from mockapi.meta import users
from mockapi.runtime.loop import Runtime

REQUESTS = "certificates.k8s.io/v1/certificatesigningrequests"
REVIEWS = "authorization.k8s.io/v1/subjectaccessreviews"
ACCOUNT = "system:serviceaccount:kube-system:certificate-controller"
API_CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
LEGACY = "kubernetes.io/legacy-unknown"

HOUR, DAY = 3600.0, 86400.0
LONGEST, SHORTEST = 365 * DAY, 600.0
BACKDATE, SHORT = 300.0, 8 * HOUR

Problem = str
Validate = Callable[[Any, Sequence[str]], Problem]


def _condition(request: Obj, *types: str) -> Obj | None:
    listed = objects.status(request).get("conditions") or ()
    return next((c for c in listed if c["type"] in types and c["status"] == "True"), None)


def _issued(request: Obj) -> bool:
    return bool(objects.status(request).get("certificate"))


def _parsed(request: Obj) -> Any:
    """The PKCS#10 request; base.Retry for one that cannot be read."""
    try:
        return module("mockapi.controllers.requests_x509").parse(_pem(request))
    except ValueError as error:
        raise base.Retry(f"unable to parse csr {objects.name(request)}: {error}") from None


def _pem(request: Obj) -> bytes:
    return base64.b64decode(request["spec"]["request"])


class _RequestController:
    """Syncs every request without a certificate when it changes."""

    name: str

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = runtime.client(base.MANAGER, user=ACCOUNT)
        self.requests = runtime.informer(REQUESTS)
        self.queue = base.queue(runtime, self.name, self.sync, self.requests)
        self.requests.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        if event.type != "DELETED":
            self.queue.add(objects.name(event.object))

    def sync(self, key: str) -> None:
        request = self.requests.get("", key)
        if request is not None and not _issued(request):
            self.handle(request)

    def handle(self, request: Obj) -> None:
        raise NotImplementedError


class ApprovingController(_RequestController):
    """Approves the client certificates of kubelets, for those who may ask for them."""

    name = "certificatesigningrequest-approving-controller"

    def handle(self, request: Obj) -> None:
        if _condition(request, "Approved", "Denied") is not None:
            return
        spec = request["spec"]
        if spec["signerName"] != KUBELET_CLIENT:
            return
        asked = _parsed(request)
        if kubelet_client(asked, spec.get("usages") or ()):
            return
        rows = [("nodeclient", "kubelet client")]
        if spec.get("username", "") == asked.common_name:
            rows.insert(0, ("selfnodeclient", "self kubelet client"))
        for subresource, what in rows:
            if self._allowed(spec, subresource):
                text = f"Auto approving {what} certificate after SubjectAccessReview."
                self._approve(request, text)
                return
        tried = " ".join(subresource for subresource, _ in rows)
        text = f"recognized csr as [{tried}] but subject access review was not approved"
        raise base.Retry(text)

    def _allowed(self, spec: Obj, subresource: str) -> bool:
        attributes = {
            "group": "certificates.k8s.io",
            "resource": "certificatesigningrequests",
            "verb": "create",
            "subresource": subresource,
            "version": "*",
        }
        about = {key: spec[key] for key in ("uid", "groups", "extra") if spec.get(key)}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {
                "user": spec.get("username", ""),
                "resourceAttributes": attributes,
                **about,
            },
        }
        answer = self.client.create(REVIEWS, "", review)
        return bool(answer["status"]["allowed"])

    def _approve(self, request: Obj, message: str) -> None:
        approved = {
            "type": "Approved",
            "status": "True",
            "reason": "AutoApproved",
            "message": message,
        }
        status = objects.status(request)
        conditions = [*(status.get("conditions") or ()), approved]
        changed = objects.with_status(request, {**status, "conditions": conditions})
        self.client.update(REQUESTS, "", changed, subresource="approval")


class SigningController(_RequestController):
    """Signs approved requests for the signers of the cluster itself."""

    name = "certificatesigningrequest-signing-controller"
    keys: Keys = NO_KEYS

    def handle(self, request: Obj) -> None:
        validate = _SIGNERS.get(request["spec"]["signerName"])
        approved = _condition(request, "Approved") is not None
        failed = _condition(request, "Denied", "Failed") is not None
        if validate is None or not approved or failed:
            return
        problem = validate(_parsed(request), request["spec"].get("usages") or ())
        status = objects.status(request)
        if problem:
            condition = {
                "type": "Failed",
                "status": "True",
                "reason": "SignerValidationFailure",
                "message": problem,
                "lastUpdateTime": timestamp(self.clock.now()),
            }
            new = {**status, "conditions": [*(status.get("conditions") or ()), condition]}
        else:
            new = {**status, "certificate": self._signed(request)}
        self.client.update(REQUESTS, "", objects.with_status(request, new), subresource="status")

    def _signed(self, request: Obj) -> str:
        now, seconds = self.clock.now(), LONGEST
        asked = request["spec"].get("expirationSeconds")
        if asked is not None:
            seconds = min(max(float(asked), SHORTEST), LONGEST)
        end = now + seconds if seconds < SHORT else now + seconds - BACKDATE
        usages = request["spec"].get("usages") or ()
        try:
            pem = self.keys.sign_certificate(_pem(request), usages, now - BACKDATE, end)
        except ValueError as error:
            raise base.Retry(f"error auto signing csr: {error}") from None
        return base64.b64encode(pem).decode()


class CleaningController:
    """Deletes requests that nobody needs any more, looking once an hour."""

    name = "certificatesigningrequest-cleaner-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = runtime.client(base.MANAGER, user=ACCOUNT)
        self.requests = runtime.informer(REQUESTS)
        # The real one looks at once as well, when it has not heard of any request yet.
        base.every(runtime, self.name, HOUR, self.clean, first=HOUR)

    def clean(self) -> None:
        for request in self.requests.list():
            if self._outlived(request):
                base.delete_if_there(self.client, REQUESTS, request)

    def _outlived(self, request: Obj) -> bool:
        conditions = objects.status(request).get("conditions") or ()
        if not conditions and self._older(request["metadata"].get("creationTimestamp"), DAY):
            return True
        issued = _issued(request)
        limits = {"Denied": HOUR, "Failed": HOUR, "Approved": HOUR if issued else DAY}
        for condition in conditions:
            limit = limits.get(condition["type"])
            if limit is not None and self._older(condition.get("lastUpdateTime"), limit):
                return True
        return issued and any(c["type"] == "Approved" for c in conditions) and self._ended(request)

    def _older(self, moment: str | None, seconds: float) -> bool:
        return bool(moment) and self.clock.now() - parse_timestamp(moment or "") > seconds

    def _ended(self, request: Obj) -> bool:
        pem = base64.b64decode(objects.status(request)["certificate"])
        try:
            end: float = module("mockapi.controllers.requests_x509").expiry(pem)
        except ValueError:
            return False
        return self.clock.now() > end


# -- what signers ask for ------------------------------------------------------------------------


def kubelet_client(asked: Any, usages: Sequence[str]) -> Problem:
    """Empty for the client certificate of a kubelet."""
    if asked.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    for count, kind in (
        (asked.dns, "DNS"),
        (asked.emails, "Email"),
        (asked.addresses, "IP"),
        (asked.uris, "URI"),
    ):
        if count:
            return f"{kind} subjectAltNames are not allowed"
    if not asked.common_name.startswith(users.NODE):
        return "subject common name does not begin with system:node:"
    return _usages(usages, "client auth")


def kubelet_serving(asked: Any, usages: Sequence[str]) -> Problem:
    if asked.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not asked.dns and not asked.addresses:
        return "DNS or IP subjectAltName is required"
    for count, kind in ((asked.emails, "Email"), (asked.uris, "URI")):
        if count:
            return f"{kind} subjectAltNames are not allowed"
    if problem := _usages(usages, "server auth"):
        return problem
    if not asked.common_name.startswith(users.NODE):
        return "subject common name does not begin with system:node:"
    return ""


def _usages(asked: Sequence[str], auth: str) -> Problem:
    least = {"digital signature", auth}
    if set(asked) in (least, least | {"key encipherment"}):
        return ""
    wanted = " ".join(sorted(least | {"key encipherment"}))
    return f"usages did not match [{wanted}]"


def _api_client(asked: Any, usages: Sequence[str]) -> Problem:
    for usage in usages:
        if usage not in ("digital signature", "key encipherment", "client auth"):
            return f"invalid usage for client certificate: {usage}"
    if "client auth" not in usages:
        return "missing required usage for client certificate: client auth"
    return ""


_SIGNERS: dict[str, Validate] = {
    KUBELET_SERVING: kubelet_serving,
    KUBELET_CLIENT: kubelet_client,
    API_CLIENT: _api_client,
    LEGACY: lambda asked, usages: "",
}
