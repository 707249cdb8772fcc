"""A real API server, for recording: named by a kubeconfig in MOCKAPI_ORACLE."""

import json
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True)
class Reply:
    code: int
    body: Any
    warnings: list[str]


class Oracle:
    """Speaks for the kubeconfig's user by a client certificate or a token."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self.url: str = config["clusters"][0]["cluster"]["server"]
        user = config["users"][0]["user"]
        self._token: str = user.get("token", "")
        self._ssl = ssl.create_default_context()
        self._ssl.check_hostname = False
        self._ssl.verify_mode = ssl.CERT_NONE
        if "client-certificate" in user:
            self._ssl.load_cert_chain(user["client-certificate"], user["client-key"])

    @classmethod
    def from_environment(cls) -> "Oracle":
        return cls(Path(os.environ["MOCKAPI_ORACLE"]))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        user_agent: str = "recorder/1.0",
    ) -> Reply:
        """`body` is sent as it is when it is text, else as JSON."""
        data = body if isinstance(body, str) else json.dumps(body)
        request = urllib.request.Request(
            self.url + path, None if body is None else data.encode(), method=method
        )
        request.add_header("Content-Type", content_type)
        request.add_header("User-Agent", user_agent)
        request.add_header("Accept", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, context=self._ssl) as response:
                return _reply(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _reply(error.code, error.read(), error.headers)

    def namespace(self, name: str) -> str:
        """Made if missing, with the service account that pods ask for."""
        assert urlsplit(self.url).scheme == "https", "A recording needs a real server."
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        account = {"metadata": {"name": "default"}}
        self.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
        return name


def _reply(code: int, body: bytes, headers: Any) -> Reply:
    try:
        tree = json.loads(body)
    except ValueError:
        tree = body.decode()
    texts = [text.split('"', 1)[1][:-1] for text in headers.get_all("Warning", [])]
    return Reply(code, tree, [t.replace('\\"', '"').replace("\\\\", "\\") for t in texts])
