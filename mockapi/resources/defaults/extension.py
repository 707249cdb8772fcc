"""admissionregistration, apiextensions, apiregistration, authentication."""

from typing import Final

from mockapi.resources.defaults.filling import Defaulter, Obj, inner, pointers

ADMISSION: Final = "io.k8s.api.admissionregistration.v1."
EXTENSIONS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."


def webhook(obj: Obj) -> None:
    matching(obj)
    obj.setdefault("failurePolicy", "Fail")
    obj.setdefault("timeoutSeconds", 10)


def mutating_webhook(obj: Obj) -> None:
    webhook(obj)
    obj.setdefault("reinvocationPolicy", "Never")


def matching(obj: Obj) -> None:
    obj.setdefault("matchPolicy", "Equivalent")
    inner(obj, "namespaceSelector")
    inner(obj, "objectSelector")


def definition(obj: Obj) -> None:
    """CustomResourceDefinition."""
    spec = obj["spec"]
    names = spec["names"]
    if not names.get("singular") and names.get("kind"):
        names["singular"] = names["kind"].lower()
    if not names.get("listKind") and names.get("kind"):
        names["listKind"] = f"{names['kind']}List"
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
    status = inner(obj, "status")
    if not status.get("storedVersions"):
        stored = [v["name"] for v in spec.get("versions") or () if v.get("storage")]
        status["storedVersions"] = stored[:1] or None


_port: Final = pointers(port=443)

DEFAULTS: Final[dict[str, Defaulter]] = {
    f"{ADMISSION}ValidatingWebhook": webhook,
    f"{ADMISSION}MutatingWebhook": mutating_webhook,
    "io.k8s.api.authentication.v1.TokenRequestSpec": pointers(expirationSeconds=3600),
    f"{ADMISSION}Rule": pointers(scope="*"),
    f"{ADMISSION}RuleWithOperations": pointers(scope="*"),
    f"{ADMISSION}NamedRuleWithOperations": pointers(scope="*"),
    f"{ADMISSION}ServiceReference": _port,
    f"{ADMISSION}ValidatingAdmissionPolicySpec": pointers(failurePolicy="Fail"),
    f"{ADMISSION}MutatingAdmissionPolicySpec": pointers(failurePolicy="Fail"),
    f"{ADMISSION}MatchResources": matching,
    f"{EXTENSIONS}CustomResourceDefinition": definition,
    f"{EXTENSIONS}ServiceReference": _port,
    "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference": _port,
}
