"""Nothing is created any more of a kind whose definition is being deleted.

Source: apiextensions-apiserver pkg/apiserver/customresource_handler.go (forbidCreateAdmission).
"""

from mockapi.machinery.admission.chain import Attributes


class CustomResourceTermination:
    name = "CustomResourceTermination"

    def handles(self, attributes: Attributes) -> bool:
        custom = attributes.resource.custom
        return custom is not None and custom.terminating and attributes.operation == "CREATE"

    def admit(self, attributes: Attributes) -> None:
        raise attributes.forbidden(
            "create not allowed while custom resource definition is terminating"
        )

    def validate(self, attributes: Attributes) -> None:
        return None
