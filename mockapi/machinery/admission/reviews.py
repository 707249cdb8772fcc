"""A write as an AdmissionRequest, for webhooks and for the expressions of policies.

Source: apiserver pkg/admission/plugin/webhook/request/admissionreview.go.
"""

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.authorization import Attributes as Asked
from mockapi.machinery.objects import Objects
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta.names import GroupVersionKind


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
    kind, asked_kind = attributes.own_kind or resource.gvk, attributes.own_kind or asked.gvk
    request: Obj = {
        "kind": _kind(kind),
        "resource": _gvr(resource),
        "subResource": attributes.subresource,
        "requestKind": _kind(asked_kind),
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


def shown(
    obj: Obj | None, attributes: Attributes, resource: Resource, objects: Objects
) -> Obj | None:
    """An object of a write in the version of `resource`."""
    if obj is None or attributes.own_kind is not None:
        return obj
    return objects.in_version(resource, obj)


def asked_of(attributes: Attributes) -> Asked:
    """The resource of a write, for questions to an authorizer."""
    gvr = attributes.resource.gvr
    return Asked(
        "",
        group=gvr.group,
        resource=gvr.resource,
        subresource=attributes.subresource,
        namespace=attributes.namespace,
        name=attributes.name,
    )


def _kind(gvk: GroupVersionKind) -> Obj:
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
