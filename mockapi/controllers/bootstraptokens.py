"""Bootstrap tokens: expired ones go, the public cluster-info is signed with the others.

Source: pkg/controller/bootstrap, k8s.io/cluster-bootstrap. Both are off unless asked for.
"""

import base64
import hashlib
import hmac
import re

from mockapi.base.clock import parse_timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.runtime.loop import Runtime

SECRETS, CONFIG_MAPS = "v1/secrets", "v1/configmaps"
TYPE = "bootstrap.kubernetes.io/token"
SPACE = "kube-system"
SIGNATURE = "jws-kubeconfig-"
_NAME = re.compile("bootstrap-token-([a-z0-9]{6})")


def _data(secret: Obj, name: str) -> str:
    text = (secret.get("data") or {}).get(name, "")
    return base64.b64decode(text).decode("utf-8", "replace")


def _is_token(secret: Obj) -> bool:
    return secret.get("type") == TYPE and objects.namespace(secret) == SPACE


def _left(secret: Obj, now: float) -> float | None:
    """Seconds until the token expires, not above 0 when it has; None when it never does."""
    text = _data(secret, "expiration")
    if not text:
        return None
    try:
        return parse_timestamp(text) - now
    except ValueError:
        return 0.0


class TokenCleaner:
    name = "token-cleaner-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.secrets = runtime.informer(SECRETS)
        self.queue = base.queue(runtime, self.name, self.sync, self.secrets)
        self.secrets.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        if event.type != "DELETED" and _is_token(event.object):
            self.queue.add(objects.key(event.object))

    def sync(self, key: str) -> None:
        secret = self.secrets.get_key(key)
        left = _left(secret, self.clock.now()) if secret is not None else None
        if secret is None or left is None:
            return
        if left > 0:
            self.queue.add_after(key, left)
        else:
            base.delete_if_there(self.client, SECRETS, secret, uid=objects.uid(secret))


class BootstrapSigner:
    name = "bootstrap-signer-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.secrets = runtime.informer(SECRETS)
        self.config_maps = runtime.informer(CONFIG_MAPS)
        self.queue = base.queue(runtime, self.name, self.sync, self.config_maps)
        self.secrets.on_event(self._secret_changed)
        self.config_maps.on_event(self._config_map_changed)

    def _secret_changed(self, event: Event) -> None:
        if _is_token(event.object):
            self.queue.add("kube-public/cluster-info")

    def _config_map_changed(self, event: Event) -> None:
        if objects.key(event.object) == "kube-public/cluster-info":
            self.queue.add("kube-public/cluster-info")

    def sync(self, key: str) -> None:
        config_map = self.config_maps.get_key(key)
        data = dict((config_map or {}).get("data") or {})
        content = data.get("kubeconfig")
        if config_map is None or content is None:
            return
        kept = {name: text for name, text in data.items() if not name.startswith(SIGNATURE)}
        for secret in self.secrets.list(SPACE):
            if self._signs(secret):
                token = _data(secret, "token-id")
                kept[SIGNATURE + token] = signature(content, token, _data(secret, "token-secret"))
        if kept != data:
            self.client.update(CONFIG_MAPS, "kube-public", {**config_map, "data": kept})

    def _signs(self, secret: Obj) -> bool:
        if not _is_token(secret):
            return False
        left = _left(secret, self.clock.now())
        name = _NAME.fullmatch(objects.name(secret))
        named = name is not None and name[1] == _data(secret, "token-id")
        complete = bool(_data(secret, "token-id") and _data(secret, "token-secret"))
        allowed = _data(secret, "usage-bootstrap-signing") == "true"
        return named and complete and allowed and (left is None or left > 0)


def signature(content: str, token_id: str, token_secret: str) -> str:
    """A JSON Web Signature (HS256) whose payload is left out."""
    header = _encoded(f'{{"alg":"HS256","kid":"{token_id}"}}'.encode())
    payload = _encoded(content.encode())
    signed = f"{header}.{payload}".encode()
    mac = hmac.new(token_secret.encode(), signed, hashlib.sha256).digest()
    return f"{header}..{_encoded(mac)}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
