"""Secrets with a service account's token: filled in when asked for, taken away with the account.

Source: pkg/controller/serviceaccount (tokens_controller, legacy_serviceaccount_token_cleaner),
pkg/serviceaccount/legacy.go.
"""

import base64
from collections.abc import Iterator

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.keys import NO_KEYS, Keys
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

SECRETS = "v1/secrets"
ACCOUNTS = "v1/serviceaccounts"
TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
LAST_USED = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
TRACKING = "kube-apiserver-legacy-service-account-token-tracking"
ISSUER = "kubernetes/serviceaccount"
DAY = 86400.0
YEAR = 365 * DAY


def _is_token(secret: Obj) -> bool:
    return secret.get("type") == TYPE


def _of_account(secret: Obj) -> tuple[str, ...]:
    if not _is_token(secret):
        return ()
    return (f"{objects.namespace(secret)}/{objects.annotations(secret).get(NAME, '')}",)


class TokensController:
    name = "serviceaccount-token-controller"
    keys: Keys = NO_KEYS

    def start(self, runtime: Runtime) -> None:
        self.client = base.client(runtime)
        self.accounts = runtime.informer(ACCOUNTS)
        self.secrets = runtime.informer(SECRETS)
        self.secrets.index("service-account", _of_account)
        self.queue = base.queue(runtime, self.name, self.sync, self.secrets)
        self.gone = base.queue(runtime, f"{self.name}-accounts", self._clean, self.accounts)
        self.secrets.on_event(self._secret_changed)
        self.accounts.on_event(lambda event: self.gone.add(objects.key(event.object)))

    def _secret_changed(self, event: Event) -> None:
        if not _is_token(event.object):
            return
        if event.type == "DELETED":
            self._forget(event.object)
        else:
            self.queue.add(objects.key(event.object))

    def _clean(self, key: str) -> None:
        """Without their account, or with a new one of its name, tokens go."""
        account = self.accounts.get_key(key)
        for secret in self.secrets.by("service-account", key):
            uid = objects.annotations(secret).get(UID)
            if account is None or (uid and uid != objects.uid(account)):
                self._delete(secret)

    def sync(self, key: str) -> None:
        secret = self.secrets.get_key(key)
        name = objects.annotations(secret).get(NAME) if secret is not None else None
        if secret is None or not name:
            return
        account = base.get_or_none(self.client, ACCOUNTS, objects.namespace(secret), name)
        uid = objects.annotations(secret).get(UID)
        if account is None or (uid and uid != objects.uid(account)):
            self._delete(secret)
            return
        self._fill(secret, account)

    def _delete(self, secret: Obj) -> None:
        try:
            base.delete_if_there(self.client, SECRETS, secret, uid=objects.uid(secret))
        except ApiError as error:
            if not base.conflict(error):
                raise

    def _fill(self, secret: Obj, account: Obj) -> None:
        root, data = self.keys.root_ca(), dict(secret.get("data") or {})
        wanted = {"namespace": objects.namespace(secret)} if not data.get("namespace") else {}
        if root and data.get("ca.crt") != _encoded(root):
            wanted["ca.crt"] = root
        if not data.get("token"):
            wanted["token"] = self.keys.sign_token(legacy_claims(account, secret))
        if not wanted:
            return
        data |= {name: _encoded(text) for name, text in wanted.items()}
        notes = {
            **objects.annotations(secret),
            NAME: objects.name(account),
            UID: objects.uid(account),
        }
        changed = {**objects.with_metadata(secret, annotations=notes), "data": data}
        try:
            self.client.update(SECRETS, objects.namespace(secret), changed)
        except ApiError as error:
            if not base.conflict(error) and not base.not_found(error):
                raise

    def _forget(self, secret: Obj) -> None:
        """An account does not list a secret that is gone."""
        name = objects.annotations(secret).get(NAME)
        account = self.accounts.get(objects.namespace(secret), name) if name else None
        gone = objects.name(secret)
        listed = (account or {}).get("secrets") or []
        if account is None or all(row.get("name") != gone for row in listed):
            return
        left = [row for row in listed if row.get("name") != gone]
        self.client.update(ACCOUNTS, objects.namespace(secret), {**account, "secrets": left})


def legacy_claims(account: Obj, secret: Obj) -> Obj:
    """What a token without an end says."""
    inside, name = objects.namespace(account), objects.name(account)
    prefix = "kubernetes.io/serviceaccount"
    return {
        "iss": ISSUER,
        f"{prefix}/namespace": inside,
        f"{prefix}/secret.name": objects.name(secret),
        f"{prefix}/service-account.name": name,
        f"{prefix}/service-account.uid": objects.uid(account),
        "sub": f"system:serviceaccount:{inside}:{name}",
    }


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class LegacyTokenCleaner:
    """Marks, and later deletes, generated tokens that nobody has used for a year."""

    name = "legacy-serviceaccount-token-cleaner-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.accounts = runtime.informer(ACCOUNTS)
        self.secrets = runtime.informer(SECRETS)
        self.pods = runtime.informer("v1/pods")
        base.every(runtime, self.name, DAY, self.clean)

    def clean(self) -> None:
        tracking = base.get_or_none(self.client, "v1/configmaps", "kube-system", TRACKING)
        since = ((tracking or {}).get("data") or {}).get("since")
        now = self.clock.now()
        if not since or now < parse_timestamp(f"{since}T00:00:00Z") + DAY + YEAR:
            return
        for secret in self.secrets.list():
            if _is_token(secret) and self._unused(secret, now):
                self._outdate(secret, now)

    def _unused(self, secret: Obj, now: float) -> bool:
        if objects.deleting(secret) or parse_timestamp(objects.created(secret)) >= now - YEAR:
            return False
        used = objects.labels(secret).get(LAST_USED)
        if used is not None and (not _is_date(used) or used >= _date(now - YEAR)):
            return False
        inside, name = objects.namespace(secret), objects.name(secret)
        account = self.accounts.get(inside, objects.annotations(secret).get(NAME, ""))
        if account is None or all(r.get("name") != name for r in account.get("secrets") or ()):
            return False
        return all(name not in _mounted(pod) for pod in self.pods.list(inside))

    def _outdate(self, secret: Obj, now: float) -> None:
        inside, name = objects.namespace(secret), objects.name(secret)
        since = objects.labels(secret).get(INVALID_SINCE, "")
        if not _is_date(since):
            metadata = {"uid": objects.uid(secret), "labels": {INVALID_SINCE: _date(now)}}
            self.client.patch(SECRETS, inside, name, {"metadata": metadata})
        elif since < _date(now - YEAR):
            version = secret["metadata"]["resourceVersion"]
            base.delete_if_there(self.client, SECRETS, secret, resource_version=version)


def _mounted(pod: Obj) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or ():
        if "secret" in volume:
            yield volume["secret"].get("secretName", "")


def _is_date(text: str) -> bool:
    try:
        parse_timestamp(f"{text}T00:00:00Z")
    except ValueError:
        return False
    return True


def _date(moment: float) -> str:
    return timestamp(moment)[:10]
