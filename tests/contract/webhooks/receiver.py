"""A webhook to be called: what it answers is told by the path, what it was sent is kept."""

import base64
import http.server
import json
import ssl
import threading
from pathlib import Path
from typing import Any

from mockapi.api.certificates import Authority
from mockapi.base import selfsigned

Tree = dict[str, Any]


def _patch(*operations: Tree) -> Tree:
    return {
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(json.dumps(operations).encode()).decode(),
    }


_ANSWERS: dict[str, Tree] = {
    "allow": {"allowed": True},
    "warn": {"allowed": True, "warnings": ["mind the gap"]},
    "deny": {"allowed": False},
    "explain": {"allowed": False, "status": {"message": "no such luck", "code": 403}},
    "reason": {"allowed": False, "status": {"reason": "Invalid", "code": 422}},
    "label": _patch({"op": "add", "path": "/metadata/labels", "value": {"hooked": "yes"}}),
    "data": _patch({"op": "add", "path": "/data", "value": {"second": "2"}}),
    "bad-patch": _patch({"op": "replace", "path": "/nowhere/at/all", "value": 1}),
    "patch-type": {"allowed": True, "patch": "W10="},
    "no-uid": {"allowed": True, "uid": "another"},
}


class Receiver:
    """Listens on a loopback port with a certificate of an authority of its own."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(selfsigned.authority("webhooks", 0, 4e9))
        pair = authority.serving(("127.0.0.1",))
        self.bundle = base64.b64encode(authority.pem).decode()
        self.reviews: list[Tree] = []
        (folder / "server.pem").write_bytes(pair.certificate + pair.key)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                return None

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, call: http.server.BaseHTTPRequestHandler) -> None:
        length = int(call.headers["Content-Length"])
        review = json.loads(call.rfile.read(length))
        name = call.path.partition("?")[0].strip("/")
        if name == "absent":
            return self._send(call, 404, b"nothing here")
        if name == "broken":
            return self._send(call, 500, b"it broke")
        self.reviews.append({"hook": name, **review})
        answer = {"uid": review["request"]["uid"], **_ANSWERS[name]}
        body = {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": answer}
        self._send(call, 200, json.dumps(body).encode())

    def _send(self, call: http.server.BaseHTTPRequestHandler, code: int, body: bytes) -> None:
        call.send_response(code)
        call.send_header("Content-Type", "application/json")
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
