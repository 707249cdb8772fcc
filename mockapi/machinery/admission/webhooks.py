"""MutatingAdmissionWebhook and ValidatingAdmissionWebhook.

Source: apiserver pkg/admission/plugin/webhook (mutating/dispatcher.go, validating/dispatcher.go,
request/admissionreview.go).
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import orjson

from mockapi.machinery.admission import matching
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.expressions import Expressions
from mockapi.machinery.admission.hooks import Hook
from mockapi.machinery.admission.matching import Equivalents
from mockapi.machinery.admission.reviews import asked_of, request_of, shown
from mockapi.machinery.cel import authorizing
from mockapi.machinery.cel.programs import CelError
from mockapi.machinery.objects import Objects
from mockapi.machinery.patch import json_patch
from mockapi.machinery.patch.failures import Rejected
from mockapi.machinery.resource import Obj, Resource
from mockapi.meta import gofmt
from mockapi.meta.errors import ApiError, BadRequest, InternalError

_REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}
_DEFAULT_SECONDS = 10


class CallFailed(Exception):
    """A webhook has not brought a usable answer; str() says why."""


class Post(Protocol):
    def __call__(self, config: Obj, review: Obj, *, seconds: float) -> Obj:
        """The answer of the webhook that a clientConfig names. Raises CallFailed."""


class _Webhooks:
    """What both kinds share: finding the hooks, asking them, reading their answers."""

    def __init__(
        self,
        *,
        configurations: Callable[[], Sequence[Hook]],
        post: Post,
        objects: Objects,
        equivalents: Equivalents,
        expressions: Expressions,
    ) -> None:
        self._hooks = configurations
        self._post = post
        self._objects = objects
        self._equivalents = equivalents
        self._expressions = expressions

    @property
    def is_active(self) -> bool:
        return bool(self._hooks())

    def handles(self, attributes: Attributes) -> bool:
        return not matching.is_exempt(attributes)

    def _review(self, hook: Hook, resource: Resource, attributes: Attributes) -> Obj:
        request = {"uid": attributes.ids.uid(), **request_of(attributes, resource)}
        for name, obj in (("object", attributes.obj), ("oldObject", attributes.old)):
            request[name] = shown(obj, attributes, resource, self._objects)
        return {**_REVIEW, "request": request}

    def _wanted(self, hook: Hook, review: Obj, attributes: Attributes) -> bool:
        """The matchConditions, which have to be true, all of them."""
        if not hook.said.get("matchConditions"):
            return True
        request = review["request"]
        values = {name: request.get(name) for name in ("object", "oldObject")}
        values["request"] = {k: v for k, v in request.items() if k not in values}
        try:
            values |= authorizing.variables(attributes.user, asked_of(attributes))
            return self._expressions.asking(hook.said, values).wanted()
        except (CelError, ImportError) as error:
            raise CallFailed(str(error)) from None

    def _ask(self, hook: Hook, resource: Resource, attributes: Attributes) -> Obj | None:
        """The hook's response; None when it was not asked or may fail. Raises ApiError."""
        if attributes.dry_run and not hook.allows_dry_run:
            text = f"admission webhook {gofmt.quote(hook.name)} does not support dry run"
            raise BadRequest(text)
        review = self._review(hook, resource, attributes)
        try:
            if not self._wanted(hook, review, attributes):
                return None
            seconds = hook.said.get("timeoutSeconds") or _DEFAULT_SECONDS
            answer = self._post(hook.said["clientConfig"], review, seconds=seconds)
            response = self._checked(answer, review["request"]["uid"])
        except CallFailed as error:
            if hook.ignores_failures:
                return None
            raise InternalError(
                f"failed calling webhook {gofmt.quote(hook.name)}: {error}"
            ) from None
        attributes.warnings.extend(response.get("warnings") or ())
        if response.get("allowed") is not True:
            raise _denied(hook.name, response.get("status"))
        return response

    def _checked(self, answer: Obj, uid: str) -> Obj:
        response = answer.get("response")
        start = "received invalid webhook response: "
        if not isinstance(response, dict):
            raise CallFailed(f"{start}webhook response was absent")
        if response.get("uid", "") != uid:
            got = gofmt.quote(str(response.get("uid", "")))
            raise CallFailed(f"{start}expected response.uid={gofmt.quote(uid)}, got {got}")
        said = (answer.get("apiVersion", ""), answer.get("kind", ""))
        if said != (_REVIEW["apiVersion"], _REVIEW["kind"]):
            wanted = f"{_REVIEW['apiVersion']}, Kind={_REVIEW['kind']}"
            raise CallFailed(
                f"{start}expected webhook response of {wanted}, got {said[0]}, Kind={said[1]}"
            )
        self._check_patch(response, start)
        return response

    def _check_patch(self, response: Obj, start: str) -> None:
        raise NotImplementedError


class MutatingAdmissionWebhook(_Webhooks):
    name = "MutatingAdmissionWebhook"

    def admit(self, attributes: Attributes) -> None:
        hooks = self._hooks()
        if not hooks:
            return
        rounds = attributes.rounds_of(self.name)
        if attributes.again:
            rounds.begin_again(attributes)
        for index, hook in enumerate(hooks):
            if attributes.again and index not in rounds.due:
                continue
            resource = matching.match(hook.matching, attributes, self._equivalents)
            if resource is None:
                continue
            response = self._ask(hook, resource, attributes)
            if response is not None and self._apply(response, hook, resource, attributes):
                attributes.changed_by_hooks = True
                rounds.changed()
            if hook.said.get("reinvocationPolicy") == "IfNeeded":
                rounds.called.add(index)
        rounds.end(attributes)

    def validate(self, attributes: Attributes) -> None:
        return None

    def _check_patch(self, response: Obj, start: str) -> None:
        patch, kind = response.get("patch"), response.get("patchType")
        if patch and kind is None:
            text = "webhook returned response.patch but not response.patchType"
            raise CallFailed(start + text)
        if not patch and kind is not None:
            text = "webhook returned response.patchType but not response.patch"
            raise CallFailed(start + text)
        if kind not in (None, "JSONPatch"):
            raise CallFailed(f"unsupported patch type {gofmt.quote(str(kind))}")

    def _apply(self, response: Obj, hook: Hook, resource: Resource, attributes: Attributes) -> bool:
        """Patch the object in place; True when that changed anything."""
        operations = _operations(response.get("patch"), hook)
        if not operations:
            return False
        if attributes.obj is None:
            raise InternalError(
                f"admission webhook {gofmt.quote(hook.name)} attempted to modify the object, "
                "which is not supported for this operation"
            )
        before = shown(attributes.obj, attributes, resource, self._objects)
        type_name = attributes.own_type or resource.type_name
        try:
            patched = json_patch.apply(operations, before)
        except Rejected as error:
            raise InternalError(error.cause) from None
        decoded = self._objects.schemas.decode(type_name, patched, validation="Ignore").obj
        self._objects.complete(type_name, decoded)
        if decoded == before:
            return False
        new = decoded
        if attributes.own_kind is None:
            new = self._objects.admitted(attributes.resource, resource, decoded)
        attributes.obj.clear()
        attributes.obj.update(new)
        return True


class ValidatingAdmissionWebhook(_Webhooks):
    name = "ValidatingAdmissionWebhook"

    def admit(self, attributes: Attributes) -> None:
        return None

    def validate(self, attributes: Attributes) -> None:
        """All are asked; the first refusal is the answer."""
        refusals: list[ApiError] = []
        for hook, resource in list(self._matching(attributes)):
            try:
                self._ask(hook, resource, attributes)
            except ApiError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _matching(self, attributes: Attributes) -> Iterable[tuple[Hook, Resource]]:
        for hook in self._hooks():
            resource = matching.match(hook.matching, attributes, self._equivalents)
            if resource is not None:
                yield hook, resource

    def _check_patch(self, response: Obj, start: str) -> None:
        for key in ("patch", "patchType"):
            if response.get(key):
                raise CallFailed(f"{start}validating webhook may not return response.{key}")


def _operations(patch: Any, hook: Hook) -> list[Any]:
    if not patch:
        return []
    try:
        operations = orjson.loads(base64.b64decode(patch))
    except ValueError as error:
        text = f"received undecodable patch in webhook response: {error}"
        raise InternalError(f"failed calling webhook {gofmt.quote(hook.name)}: {text}") from None
    return operations if isinstance(operations, list) else []


def _denied(name: str, status: Obj | None) -> ApiError:
    """The hook's Status, which is a failure whatever it says."""
    status = status or {}
    start = f"admission webhook {gofmt.quote(name)} denied the request"
    message, reason = status.get("message"), status.get("reason") or ""
    said = f"{start}: {message or reason}" if message or reason else f"{start} without explanation"
    code = max(int(status.get("code") or 0), 400)
    return ApiError(code, reason, said, details=status.get("details"))
