"""ServiceAccount: every pod runs as one, and its token is mounted.

Source: plugin/pkg/admission/serviceaccount.
"""

from typing import Any

from mockapi.machinery.admission.chain import Attributes
from mockapi.machinery.resource import Obj
from mockapi.meta.errors import ApiError

MIRROR = "kubernetes.io/config.mirror"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
TOKEN_SECONDS = 3607
FILE_MODE = 0o644


class ServiceAccount:
    name = "ServiceAccount"

    def handles(self, attributes: Attributes) -> bool:
        return (
            attributes.resource.bucket == "pods"
            and attributes.operation == "CREATE"
            and not attributes.subresource
            and attributes.obj is not None
        )

    def admit(self, attributes: Attributes) -> None:
        pod = attributes.obj
        assert pod is not None
        if MIRROR in (pod["metadata"].get("annotations") or {}):
            return
        spec = pod["spec"]
        if not spec.get("serviceAccountName"):
            spec["serviceAccountName"] = spec["serviceAccount"] = "default"
        account = self._account(attributes, spec["serviceAccountName"])
        if _automounts(account, spec):
            _mount_token(attributes, spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [
                {"name": secret["name"]} for secret in account["imagePullSecrets"]
            ]

    def _account(self, attributes: Attributes, name: str) -> Obj:
        account = attributes.reader.get("serviceaccounts", attributes.namespace, name)
        if account is None:
            raise attributes.forbidden(
                f"error looking up service account {attributes.namespace}/{name}: "
                f'serviceaccount "{name}" not found'
            )
        return account

    def validate(self, attributes: Attributes) -> None:
        pod = attributes.obj
        assert pod is not None
        spec = pod["spec"]
        if MIRROR in (pod["metadata"].get("annotations") or {}):
            _check_mirror(attributes, spec)
            return
        account = self._account(attributes, spec.get("serviceAccountName") or "default")
        annotations = account["metadata"].get("annotations") or {}
        if annotations.get("kubernetes.io/enforce-mountable-secrets") in ("true", "1", "t", "T"):
            _check_secrets(attributes, account, spec)


def _automounts(account: Obj, spec: Obj) -> bool:
    for said in (spec, account):
        if said.get("automountServiceAccountToken") is not None:
            return bool(said["automountServiceAccountToken"])
    return True


def _mount_token(attributes: Attributes, spec: Obj) -> None:
    names = [volume["name"] for volume in spec.get("volumes", ())]
    existing = next((name for name in names if name.startswith(VOLUME_PREFIX)), "")
    name = existing or VOLUME_PREFIX + attributes.ids.suffix()
    mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
    mounted = False
    for container in (*(spec.get("initContainers") or ()), *(spec["containers"] or ())):
        mounts = container.get("volumeMounts") or []
        if not any(m.get("mountPath") == MOUNT_PATH for m in mounts):
            container["volumeMounts"] = [*mounts, dict(mount)]
            mounted = True
    if mounted and not existing:
        spec["volumes"] = [*spec.get("volumes", ()), {"name": name, "projected": _token_volume()}]


def _token_volume() -> Obj:
    namespace = {
        "path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
    }
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": FILE_MODE,
    }


def _check_mirror(attributes: Attributes, spec: Obj) -> None:
    if spec.get("serviceAccountName"):
        raise attributes.forbidden("a mirror pod may not reference service accounts")
    for volume in spec.get("volumes", ()):
        if "secret" in volume:
            raise attributes.forbidden("a mirror pod may not reference secrets")
        for source in (volume.get("projected") or {}).get("sources", ()):
            if "serviceAccountToken" in source:
                raise attributes.forbidden(
                    "a mirror pod may not use ServiceAccountToken volume projections"
                )


def _check_secrets(attributes: Attributes, account: Obj, spec: Obj) -> None:
    """Only secrets that the account lists may be referenced."""
    allowed = {secret.get("name") for secret in account.get("secrets", ())}
    name = account["metadata"]["name"]
    for volume in spec.get("volumes", ()):
        secret = (volume.get("secret") or {}).get("secretName")
        if secret and secret not in allowed:
            raise _not_allowed(attributes, f"volume with secret.secretName={_q(secret)}", name)
    for word, containers in (
        ("init container", spec.get("initContainers", ())),
        ("container", spec["containers"]),
    ):
        for container in containers:
            _check_environment(attributes, word, container, allowed, name)
    pulls = {secret.get("name") for secret in account.get("imagePullSecrets", ())}
    for index, pull in enumerate(spec.get("imagePullSecrets", ())):
        if pull.get("name") not in pulls:
            raise attributes.forbidden(
                f"imagePullSecrets[{index}].name={_q(pull.get('name', ''))} is not allowed because "
                f"service account {name} does not reference that imagePullSecret"
            )


def _check_environment(
    attributes: Attributes, word: str, container: Obj, allowed: set[Any], account: str
) -> None:
    for env in container.get("env", ()):
        secret = ((env.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        if secret is not None and secret not in allowed:
            what = (
                f"{word} {container['name']} with envVar {env['name']} "
                f"referencing secret.secretName={_q(secret)}"
            )
            raise _not_allowed(attributes, what, account)
    for source in container.get("envFrom", ()):
        secret = (source.get("secretRef") or {}).get("name")
        if secret is not None and secret not in allowed:
            what = (
                f"{word} {container['name']} with envFrom "
                f"referencing secret.secretName={_q(secret)}"
            )
            raise _not_allowed(attributes, what, account)


def _not_allowed(attributes: Attributes, what: str, account: str) -> ApiError:
    return attributes.forbidden(
        f"{what} is not allowed because service account {account} does not reference that secret"
    )


def _q(text: str) -> str:
    return f'"{text}"'
