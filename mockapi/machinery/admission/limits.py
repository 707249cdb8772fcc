"""LimitRanger: defaults and bounds of what containers, pods and claims ask for.

Source: plugin/pkg/admission/limitranger.
"""

from collections.abc import Iterable, Iterator, Mapping

from mockapi.machinery.admission import amounts
from mockapi.machinery.admission.amounts import Amounts
from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj
from mockapi.meta.quantity import Quantity

ANNOTATION = "kubernetes.io/limit-ranger"
_CLAIMS = "persistentvolumeclaims"


class LimitRanger:
    name = "LimitRanger"

    def handles(self, attributes: Attributes) -> bool:
        bucket, operation = attributes.resource.bucket, attributes.operation
        if bucket == "pods":
            if operation == "CREATE":
                return not attributes.subresource
            return operation == "UPDATE" and attributes.subresource == "resize"
        return (
            bucket == _CLAIMS and operation in ("CREATE", "UPDATE") and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        if attributes.resource.bucket == "pods":
            assert attributes.obj is not None
            for limits in self._limits(attributes):
                _fill(attributes.obj, limits)

    def validate(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        check = _claim_problems if attributes.resource.bucket == _CLAIMS else _pod_problems
        for limits in self._limits(attributes):
            found = list(dict.fromkeys(check(attributes.obj["spec"], limits)))
            if found:
                text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
                raise attributes.forbidden(text)

    def _limits(self, attributes: Attributes) -> Iterator[list[Obj]]:
        """The limits of each LimitRange in the namespace; none for what is on its way out."""
        if ((attributes.old or {}).get("metadata") or {}).get("deletionTimestamp"):
            return
        for limit_range in attributes.reader.list("limitranges", attributes.namespace):
            yield (limit_range.get("spec") or {}).get("limits") or []


# -- defaults --------------------------------------------------------------------------------


def _fill(pod: Obj, limits: Iterable[Obj]) -> None:
    defaults: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            defaults["requests"] |= limit.get("defaultRequest") or {}
            defaults["limits"] |= limit.get("default") or {}
    if not any(defaults.values()):
        return
    said: list[str] = []
    for kind, word in (("containers", "container"), ("initContainers", "init container")):
        if pod["spec"].get(kind):
            pod["spec"][kind] = [_filled(c, word, defaults, said) for c in pod["spec"][kind]]
    if said:
        metadata = pod["metadata"]
        text = f"LimitRanger plugin set: {'; '.join(said)}"
        metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: text}


def _filled(
    container: Obj, word: str, defaults: Mapping[str, Mapping[str, str]], said: list[str]
) -> Obj:
    resources = dict(container.get("resources") or {})
    for part, what in (("requests", "request"), ("limits", "limit")):
        own = resources.get(part) or {}
        missing = {name: text for name, text in defaults[part].items() if name not in own}
        if missing:
            resources[part] = {**own, **missing}
            said.append(f"{', '.join(sorted(missing))} {what} for {word} {container['name']}")
    return {**container, "resources": resources}


# -- bounds ----------------------------------------------------------------------------------


def _claim_problems(spec: Obj, limits: Iterable[Obj]) -> Iterator[str]:
    requests = amounts.of(spec, "requests")
    for limit in limits:
        if limit.get("type") == "PersistentVolumeClaim":
            bound = _Bound("PersistentVolumeClaim", requests, {})
            yield from bound.problems({"min": limit.get("min")})
            for name, most in amounts.parsed(limit.get("max")).items():
                yield from bound.above_request(name, most)


def _pod_problems(spec: Obj, limits: Iterable[Obj]) -> Iterator[str]:
    for limit in limits:
        if limit.get("type") == "Container":
            for kind in ("containers", "initContainers"):
                for container in spec.get(kind) or ():
                    requests = amounts.of(container, "requests")
                    bound = _Bound("Container", requests, amounts.of(container, "limits"))
                    yield from bound.problems(limit)
        elif limit.get("type") == "Pod":
            requests = amounts.of_pod(spec, "requests")
            yield from _Bound("Pod", requests, amounts.of_pod(spec, "limits")).problems(limit)


class _Bound:
    """Compares what one thing asks for with one limit."""

    def __init__(self, kind: str, requests: Amounts, limits: Amounts) -> None:
        self.kind, self.requests, self.limits = kind, requests, limits

    def problems(self, limit: Obj) -> Iterator[str]:
        for name, least in sorted(amounts.parsed(limit.get("min")).items()):
            yield from self._below(name, least)
        for name, most in sorted(amounts.parsed(limit.get("max")).items()):
            yield from self._above(name, most)
        for name, ratio in sorted(amounts.parsed(limit.get("maxLimitRequestRatio")).items()):
            yield from self._ratio(name, ratio)

    def _below(self, name: str, least: Quantity) -> Iterator[str]:
        request, limit = self.requests.get(name), self.limits.get(name)
        start = f"minimum {name} usage per {self.kind} is {least}"
        if request is None:
            yield f"{start}.  No request is specified"
        elif request < least:
            yield f"{start}, but request is {request}"
        elif limit is not None and limit < least:
            yield f"{start}, but limit is {limit}"

    def _above(self, name: str, most: Quantity) -> Iterator[str]:
        request, limit = self.requests.get(name), self.limits.get(name)
        start = f"maximum {name} usage per {self.kind} is {most}"
        if limit is None:
            yield f"{start}.  No limit is specified"
        elif most < limit:
            yield f"{start}, but limit is {limit}"
        elif request is not None and most < request:
            yield f"{start}, but request is {request}"

    def above_request(self, name: str, most: Quantity) -> Iterator[str]:
        request = self.requests.get(name)
        start = f"maximum {name} usage per {self.kind} is {most}"
        if request is None:
            yield f"{start}.  No request is specified"
        elif most < request:
            yield f"{start}, but request is {request}"

    def _ratio(self, name: str, most: Quantity) -> Iterator[str]:
        request, limit = self.requests.get(name), self.limits.get(name)
        start = f"{name} max limit to request ratio per {self.kind} is {most}"
        if not request:
            yield f"{start}, but no request is specified or request is 0"
        elif not limit:
            yield f"{start}, but no limit is specified or limit is 0"
        elif limit.as_float() / request.as_float() > most.as_float():
            ratio = limit.as_float() / request.as_float()
            yield f"{start}, but provided ratio is {ratio:f}"
