"""What pods refer to: objects that a kubelet reads through its watches."""

from typing import Any

from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

Obj = dict[str, Any]

RESOURCES = {
    "configmap": "v1/configmaps",
    "secret": "v1/secrets",
    "persistentvolumeclaim": "v1/persistentvolumeclaims",
    "persistentvolume": "v1/persistentvolumes",
    "csidriver": "storage.k8s.io/v1/csidrivers",
}


class Lookup:
    """Watches a kind from the first time that it is asked for."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        try:
            return self._runtime.informer(RESOURCES[kind]).get(namespace, name)
        except ApiError:
            return None
