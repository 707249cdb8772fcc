"""A write as an AdmissionRequest, for webhooks and for the expressions of policies.

Source: apiserver pkg/admission/plugin/webhook/request/admissionreview.go.
"""

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj, Resource


def request_of(attributes: Attributes, resource: Resource) -> Obj:
    """Everything but the uid and the objects. `resource` is the version that the write is shown
    in; what was asked for stays beside it."""
    user, asked = attributes.user, attributes.resource
    info: Obj = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(value) for key, value in user.extra.items()}
    request: Obj = {
        "kind": _kind(resource),
        "resource": _gvr(resource),
        "subResource": attributes.subresource,
        "requestKind": _kind(asked),
        "requestResource": _gvr(asked),
        "requestSubResource": attributes.subresource,
        "name": attributes.name,
        "namespace": attributes.namespace,
        "operation": attributes.operation,
        "userInfo": info,
        "dryRun": attributes.dry_run,
        "options": _options(attributes),
    }
    return {key: value for key, value in request.items() if value != ""}


def _kind(resource: Resource) -> Obj:
    gvk = resource.gvk
    return {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}


def _gvr(resource: Resource) -> Obj:
    gvr = resource.gvr
    return {"group": gvr.group, "version": gvr.version, "resource": gvr.resource}


def _options(attributes: Attributes) -> Obj | None:
    """The request's options as the object that they are."""
    if attributes.options is None:
        return None
    kind = f"{attributes.operation.capitalize()}Options"
    said: Obj = attributes.options.said()
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1"} | said
