"""NamespaceLifecycle: nothing is created where there is no namespace, or where it is going.

Source: apiserver pkg/admission/plugin/namespace/lifecycle.
"""

from mockapi.machinery.admission.chain import Attributes
from mockapi.meta.errors import ApiError, Forbidden, NotFound

IMMORTAL = frozenset(("default", "kube-system", "kube-public"))


class NamespaceLifecycle:
    name = "NamespaceLifecycle"

    def handles(self, attributes: Attributes) -> bool:
        if attributes.operation == "CREATE":
            return bool(attributes.namespace)
        return attributes.operation == "DELETE" and attributes.resource.bucket == "namespaces"

    def admit(self, attributes: Attributes) -> None:
        if attributes.operation == "DELETE":
            self._check_deletion(attributes)
            return
        if attributes.resource.bucket == "namespaces":
            return
        if attributes.group_resource == "localsubjectaccessreviews.authorization.k8s.io":
            return
        namespace = attributes.reader.get("namespaces", "", attributes.namespace)
        if namespace is None:
            raise NotFound("", "namespaces", attributes.namespace)
        if (namespace.get("status") or {}).get("phase") == "Terminating":
            raise self._terminating(attributes, namespace["metadata"]["name"])

    def _check_deletion(self, attributes: Attributes) -> None:
        if attributes.name in IMMORTAL:
            raise Forbidden("", "namespaces", attributes.name, "this namespace may not be deleted")

    def _terminating(self, attributes: Attributes, namespace: str) -> ApiError:
        error = attributes.forbidden(
            f"unable to create new content in namespace {namespace} because it is being terminated"
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        error.details = {**(error.details or {}), "causes": [cause]}
        return error

    def validate(self, attributes: Attributes) -> None:
        return None
