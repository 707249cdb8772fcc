"""DefaultIngressClass. Source: plugin/pkg/admission/network/defaultingressclass."""

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.admission.storage import newest

DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"


class DefaultIngressClass:
    name = "DefaultIngressClass"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "ingresses.networking.k8s.io"
            and attributes.operation == "CREATE"
            and not attributes.subresource
        )

    def admit(self, attributes: Attributes) -> None:
        ingress = attributes.obj
        assert ingress is not None
        spec = ingress.setdefault("spec", {})
        annotations = ingress["metadata"].get("annotations") or {}
        if spec.get("ingressClassName") is not None or CLASS_ANNOTATION in annotations:
            return
        classes = attributes.reader.list("ingressclasses.networking.k8s.io")
        chosen = newest(
            c for c in classes if _annotation(c["metadata"].get("annotations")) == "true"
        )
        if chosen is not None:
            spec["ingressClassName"] = chosen["metadata"]["name"]

    def validate(self, attributes: Attributes) -> None:
        return None


def _annotation(annotations: dict[str, str] | None) -> str | None:
    return (annotations or {}).get(DEFAULT_CLASS)
