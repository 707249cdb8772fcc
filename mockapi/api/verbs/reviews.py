"""Requests that are answered and not stored: access and token reviews, whoami, tokens.

Source: kubernetes pkg/registry/authentication, pkg/registry/authorization and
pkg/registry/core/serviceaccount/storage/token.go.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mockapi.api import transform
from mockapi.api.call import Call
from mockapi.api.kernel import Kernel
from mockapi.api.reply import Reply
from mockapi.api.routes import Route
from mockapi.api.verbs.requests import form_of, request_of, tree_reply
from mockapi.base.clock import timestamp
from mockapi.machinery import authorization, options
from mockapi.machinery.authorization import subject_of
from mockapi.machinery.bookkeeping import manager_of, match_namespace, wipe_system_fields
from mockapi.machinery.request import Request
from mockapi.machinery.resource import Obj, Resource, UserInfo
from mockapi.machinery.validation import reviews as rules
from mockapi.meta import fields, gofmt
from mockapi.meta.errors import BadRequest, Conflict, Invalid, NotFound
from mockapi.meta.names import GroupVersionKind

ISSUER = "https://kubernetes.default.svc.cluster.local"
TOKEN_REQUEST = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")
_TOKEN_TYPE = "io.k8s.api.authentication.v1.TokenRequest"
_SHORTEST, _LONGEST = 600, 1 << 32
_RULE_KEYS = ("verbs", "apiGroups", "resources", "resourceNames")

Answer = Callable[[Obj, Call, Route, Kernel], None]


def is_review(route: Route) -> bool:
    if route.verb != "create":
        return False
    if route.subresource:
        return (route.resource.kind, route.subresource) == ("ServiceAccount", "token")
    return route.resource.kind in _ANSWERS


def serve(call: Call, route: Route, kernel: Kernel) -> Reply:
    form = form_of(call, route.resource)
    request = request_of(call, route)
    asked = options.parse_write(request.query, "CreateOptions")
    if route.subresource:
        obj = _decoded(request, asked, kernel, _of_tokens(route.resource))
        _token(obj, call, route, kernel)
    else:
        obj = _decoded(request, asked, kernel, route.resource)
        match_namespace(obj["metadata"], route.namespace)
        wipe_system_fields(obj["metadata"])
        _ANSWERS[route.resource.kind](obj, call, route, kernel)
    if form.target:
        include = transform.include_object(form, call.query)
        now = kernel.clock.now()
        obj = transform.object_as(form, obj, route.resource, include=include, now=now)
    return tree_reply(201, obj, form, call)


def _of_tokens(accounts: Resource) -> Resource:
    """What `serviceaccounts/token` takes and gives, as a resource."""
    group, version, _ = TOKEN_REQUEST
    return replace(
        accounts,
        gvr=accounts.gvr._replace(group=group, version=version),
        kind=TOKEN_REQUEST.kind,
        type_name=_TOKEN_TYPE,
        storage_version=version,
        storage_type_name=_TOKEN_TYPE,
    )


def _decoded(
    request: Request, asked: options.WriteOptions, kernel: Kernel, resource: Resource
) -> Obj:
    pipeline = kernel.pipeline
    obj: Obj = pipeline.bodies.decode(
        request, resource.gvk, resource.type_name, asked.field_validation
    )
    manager = asked.field_manager or manager_of(request.user_agent)
    pipeline.writer.managers.update(
        obj,
        None,
        resource=resource,
        manager=manager,
        subresource=request.subresource,
        now=timestamp(kernel.clock.now()),
    )
    return obj


# -- authorization -----------------------------------------------------------------------------


def _self_access(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    _refuse(rules.self_access(obj), "authorization.k8s.io")
    obj["status"] = authorization.review(obj["spec"], call.user, kernel.security.authorizer)


def _access(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    _refuse((rules.local_access if route.namespace else rules.access)(obj), "authorization.k8s.io")
    spec = obj["spec"]
    obj["status"] = authorization.review(spec, subject_of(spec), kernel.security.authorizer)


def _rules(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    namespace = obj["spec"].get("namespace", "")
    if not namespace:
        raise BadRequest("no namespace on request")
    found = list(kernel.security.authorizer.rules_for(call.user, namespace))
    resources = [rule for rule in found if "resources" in rule]
    paths = [rule for rule in found if "nonResourceURLs" in rule]
    # The answer is an object of its own.
    obj["metadata"], obj["spec"] = {}, {}
    obj["status"] = {
        "resourceRules": [
            {key: rule[key] for key in _RULE_KEYS if rule.get(key)} for rule in resources
        ],
        "nonResourceRules": [
            {key: rule[key] for key in ("verbs", "nonResourceURLs")} for rule in paths
        ],
        "incomplete": False,
    }


# -- authentication ----------------------------------------------------------------------------


def _token_review(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    token = obj["spec"].get("token", "")
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    user = kernel.security.tokens.user_of(token)
    # What the client says itself stays, but for what is found out.
    status = obj["status"] = dict(obj.get("status") or {})
    status.pop("authenticated", None)
    if user is None:
        status |= {"user": status.get("user") or {}, "error": "invalid bearer token"}
        return
    audiences = obj["spec"].get("audiences") or [ISSUER]
    status |= {"authenticated": True, "user": _user(user), "audiences": audiences}


def _whoami(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    obj["metadata"]["creationTimestamp"] = timestamp(kernel.clock.now())
    obj["status"] = {"userInfo": _user(call.user)}


def _user(user: UserInfo) -> Obj:
    tree: Obj = {"username": user.name}
    if user.uid:
        tree["uid"] = user.uid
    if user.groups:
        tree["groups"] = list(user.groups)
    if user.extra:
        tree["extra"] = {key: list(values) for key, values in user.extra.items()}
    return tree


def _token(obj: Obj, call: Call, route: Route, kernel: Kernel) -> None:
    """A TokenRequest for a service account, bound to a pod, node or secret on demand."""
    account = kernel.pipeline.reading.get("serviceaccounts", route.namespace, route.name)
    metadata = obj["metadata"]
    match_namespace(metadata, route.namespace)
    _check_names(metadata, route)
    if account is None:
        raise NotFound("", "serviceaccounts", route.name)
    uid = account["metadata"]["uid"]
    if metadata.get("uid") not in (None, "", uid):
        text = (
            f"the UID in the token request ({metadata['uid']}) does not match the UID of the "
            f"service account ({uid})"
        )
        raise Conflict(TOKEN_REQUEST.group, TOKEN_REQUEST.kind, route.name, text)
    spec, now = obj["spec"], kernel.clock.now()
    spec["audiences"] = spec.get("audiences") or [ISSUER]
    seconds = spec["expirationSeconds"]
    errors = _lifetime_errors(seconds) + _attestation_errors(spec)
    _refuse(errors, "authentication.k8s.io", "TokenRequest")
    metadata |= {"name": route.name, "namespace": route.namespace, "uid": uid}
    metadata["creationTimestamp"] = timestamp(now)
    claims = {
        "aud": spec["audiences"],
        "exp": int(now) + seconds,
        "iat": int(now),
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {
            "namespace": route.namespace,
            **_bound(spec.get("boundObjectRef"), route, kernel),
            "serviceaccount": {"name": route.name, "uid": uid},
        },
        "nbf": int(now),
        "sub": f"system:serviceaccount:{route.namespace}:{route.name}",
    }
    token = kernel.security.tokens.signer.sign(claims)
    obj["status"] = {"token": token, "expirationTimestamp": timestamp(now + seconds)}


def _check_names(metadata: Obj, route: Route) -> None:
    errors = []
    if (metadata.get("name") or route.name) != route.name:
        text = "must match the service account name if specified"
        errors.append(fields.invalid("metadata.name", metadata["name"], text))
    _refuse(errors, "authentication.k8s.io", "TokenRequest", route.name)


def _lifetime_errors(seconds: int) -> list[fields.FieldError]:
    path = "spec.expirationSeconds"
    if seconds < _SHORTEST:
        text = "may not specify a duration less than 10 minutes"
        return [fields.invalid(path, seconds, text)]
    if seconds > _LONGEST:
        text = "may not specify a duration larger than 2^32 seconds"
        return [fields.invalid(path, seconds, text)]
    return []


def _attestation_errors(spec: Obj) -> list[fields.FieldError]:
    if not spec.get("attestations"):
        return []
    text = "attestations may only be specified with a webhook bound object reference"
    return [fields.invalid("spec.attestations", spec["attestations"], text)]


_BOUND = {"Pod": "pods", "Node": "nodes", "Secret": "secrets"}


def _bound(ref: Obj | None, route: Route, kernel: Kernel) -> Obj:
    if ref is None:
        return {}
    resource = _BOUND.get(ref.get("kind", ""))
    if resource is None or ref.get("apiVersion", "v1") != "v1":
        group, _, version = ref.get("apiVersion", "").rpartition("/")
        kind = f"{group}/{version}, Kind={ref.get('kind', '')}"
        raise BadRequest(f"cannot bind token to object of type {kind}")
    if not ref.get("name"):
        raise BadRequest("Name parameter required.")
    namespace = "" if resource == "nodes" else route.namespace
    found = kernel.pipeline.reading.get(resource, namespace, ref["name"])
    if found is None:
        raise NotFound("", resource, ref["name"])
    if resource == "pods" and found["spec"].get("serviceAccountName") != route.name:
        raise BadRequest(
            f"cannot bind token for serviceaccount {gofmt.quote(route.name)} to pod running with "
            "different serviceaccount name."
        )
    bound = {"name": ref["name"], "uid": found["metadata"]["uid"]}
    if ref.get("uid") not in (None, "", bound["uid"]):
        text = (
            f"the UID in the bound object reference ({ref['uid']}) does not match the UID in "
            "record. The object might have been deleted and then recreated"
        )
        raise Conflict("", ref["kind"], ref["name"], text)
    return {ref["kind"].lower(): bound}


def _refuse(errors: list[Any], group: str, kind: str = "", name: str = "") -> None:
    if errors:
        raise Invalid(group, kind, name, errors)


_ANSWERS: dict[str, Answer] = {
    "SelfSubjectAccessReview": _self_access,
    "SubjectAccessReview": _access,
    "LocalSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "TokenReview": _token_review,
    "SelfSubjectReview": _whoami,
}
