"""Calls webhooks over HTTPS, and says what goes wrong in the words of Go's HTTP client.

Source: apiserver pkg/util/webhook/client.go. A call runs in a thread of the hub's pool: the cluster
goes on meanwhile.
"""

import base64
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import gevent
import orjson
import requests
from requests.adapters import HTTPAdapter

from mockapi.machinery.admission.webhooks import CallFailed

_START = "failed to call webhook: "

Obj = dict[str, Any]
Resolve = Callable[[str, str, int], str | None]
"""(namespace, service, port) -> `host:port` to dial instead of the service's name."""


class _Trusting(HTTPAdapter):
    """Trusts one bundle of certificates, and expects one name in the server's."""

    def __init__(self, bundle: bytes, server_name: str) -> None:
        self._context = ssl.create_default_context(cadata=bundle.decode() if bundle else None)
        self._server_name = server_name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs["ssl_context"] = self._context
        if self._server_name:
            kwargs["server_hostname"] = self._server_name
            kwargs["assert_hostname"] = self._server_name
        super().init_poolmanager(*args, **kwargs)


class Webhooks:
    """Posts reviews to the `clientConfig` of webhooks."""

    def __init__(self, resolve: Resolve = lambda namespace, name, port: None) -> None:
        self._resolve = resolve

    def post(self, config: Obj, review: Obj, *, seconds: float) -> Obj:
        """The review that comes back. Raises CallFailed."""
        url, shown, name = self._address(config)
        query = f"?timeout={int(seconds)}s"
        bundle = base64.b64decode(config.get("caBundle") or "")
        pool = gevent.get_hub().threadpool
        body = orjson.dumps(review)
        answer: Obj | CallFailed = pool.apply(
            _try, (url + query, shown + query, bundle, name, body, seconds)
        )
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    def _address(self, config: Obj) -> tuple[str, str, str]:
        """(URL to dial, URL to show, name that the certificate has)."""
        service = config.get("service")
        if service is None:
            return config["url"], config["url"], ""
        namespace, port = service["namespace"], service.get("port", 443)
        name, path = f"{service['name']}.{namespace}.svc", service.get("path") or ""
        shown = f"https://{name}:{port}{path}"
        there = self._resolve(namespace, service["name"], port)
        return (f"https://{there}{path}" if there else shown), shown, name


def _try(*arguments: Any) -> Obj | CallFailed:
    """What is raised in the pool would be printed there."""
    try:
        return _post(*arguments)
    except CallFailed as error:
        return error


def _post(url: str, shown: str, bundle: bytes, name: str, body: bytes, seconds: float) -> Obj:
    session = requests.Session()
    session.trust_env = False
    try:
        session.mount("https://", _Trusting(bundle, name))
    except ssl.SSLError:
        raise CallFailed(
            "unable to load root certificates: no valid certificate data seen"
        ) from None
    headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
    try:
        reply = session.post(url, body, headers=headers, timeout=seconds, allow_redirects=False)
    except requests.RequestException as error:
        raise CallFailed(f'{_START}Post "{shown}": {reason(error, url)}') from None
    finally:
        session.close()
    if reply.status_code != 200:
        raise CallFailed(_START + _status(reply))
    try:
        answer = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        raise CallFailed(_START + _undecodable(reply.content)) from None
    if not isinstance(answer, dict):
        raise CallFailed(_START + _undecodable(reply.content))
    return answer


def reason(error: requests.RequestException, url: str) -> str:
    """What went wrong, in Go's words."""
    text, parts = str(error), urlsplit(url)
    address = f"{parts.hostname}:{parts.port or 443}"
    if isinstance(error, requests.Timeout):
        return "context deadline exceeded"
    if "Connection refused" in text:
        return f"dial tcp {address}: connect: connection refused"
    if "Name or service not known" in text or "name resolution" in text or "Errno -" in text:
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return _certificate(text, parts.hostname or "")
    if "Connection aborted" in text or "RemoteDisconnected" in text:
        return "EOF"
    return text


def _certificate(text: str, host: str) -> str:
    start = "tls: failed to verify certificate: x509: "
    if "mismatch" in text or "doesn't match" in text:
        return f"{start}certificate is not valid for any names, but wanted to match {host}"
    if "expired" in text:
        return f"{start}certificate has expired or is not yet valid"
    return f"{start}certificate signed by unknown authority"


def _status(reply: requests.Response) -> str:
    """How client-go words a reply that is no success."""
    code = reply.status_code
    known = {
        400: "the server rejected our request for an unknown reason",
        401: "the server has asked for the client to provide credentials",
        404: "the server could not find the requested resource",
        405: "the server does not allow this method on the requested resource",
        409: "the server reported a conflict",
        415: "the server was unable to respond with a content type that the client supports",
        429: "the server has received too many requests and has asked us to try again later",
        503: "the server is currently unable to handle the request",
        504: "the server was unable to return a response in the time allotted, but may still be "
        "processing the request",
    }
    if code >= 500 and code not in known:
        return 'an error on the server ("unknown") has prevented the request from succeeding'
    return known.get(code) or f"the server responded with the status code {code}"


def _undecodable(content: bytes) -> str:
    shown = content.decode("utf-8", "replace")
    return (
        f"couldn't get version/kind; json parse error: invalid character {shown[:1]!r} "
        "looking for beginning of value"
    )
