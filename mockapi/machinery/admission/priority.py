"""Priority: from a PriorityClass's name to a number. Source: plugin/pkg/admission/priority."""

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj

BUCKET = "priorityclasses.scheduling.k8s.io"


class Priority:
    name = "Priority"

    def handles(self, attributes: Attributes) -> bool:
        if attributes.subresource or attributes.obj is None:
            return False
        return attributes.resource.bucket in ("pods", BUCKET)

    def admit(self, attributes: Attributes) -> None:
        if attributes.resource.bucket != "pods":
            return
        pod = attributes.obj
        assert pod is not None
        if attributes.operation == "UPDATE":
            _keep(pod["spec"], (attributes.old or {}).get("spec") or {})
        else:
            self._establish(attributes, pod["spec"])

    def _establish(self, attributes: Attributes, spec: Obj) -> None:
        name = spec.get("priorityClassName")
        if name:
            found = attributes.reader.get(BUCKET, "", name)
            if found is None:
                raise attributes.forbidden(f"no PriorityClass with name {name} was found")
        else:
            found = self._default(attributes)
        priority = found.get("value", 0) if found else 0
        policy = (found or {}).get("preemptionPolicy") or "PreemptLowerPriority"
        if found is not None:
            spec["priorityClassName"] = found["metadata"]["name"]
        if spec.get("priority") is not None and spec["priority"] != priority:
            raise attributes.forbidden(
                f"the integer value of priority ({spec['priority']}) must not be provided in pod "
                f"spec; priority admission controller computed {priority} from the given "
                "PriorityClass name"
            )
        said = spec.get("preemptionPolicy")
        if said is not None and said != policy:
            raise attributes.forbidden(
                f"the string value of PreemptionPolicy ({said}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name"
            )
        spec["priority"], spec["preemptionPolicy"] = priority, policy

    def _default(self, attributes: Attributes) -> Obj | None:
        """Of several default classes the one with the lowest value."""
        defaults = [c for c in attributes.reader.list(BUCKET) if c.get("globalDefault")]
        return min(defaults, key=lambda c: int(c.get("value", 0)), default=None)

    def validate(self, attributes: Attributes) -> None:
        new = attributes.obj
        if attributes.resource.bucket != BUCKET or new is None or not new.get("globalDefault"):
            return
        current = self._default(attributes)
        if current is not None and current["metadata"]["name"] != new["metadata"]["name"]:
            raise attributes.forbidden(
                f"PriorityClass {current['metadata']['name']} is already marked as default. "
                "Only one default can exist"
            )


def _keep(spec: Obj, before: Obj) -> None:
    for name in ("priority", "preemptionPolicy"):
        if spec.get(name) is None and before.get(name) is not None:
            spec[name] = before[name]
