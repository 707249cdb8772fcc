"""Asks extenders of the scheduler over HTTP, in a thread of the hub's pool: the cluster goes on
meanwhile. Source: pkg/scheduler/extender.go (send).
"""

from typing import Any

import gevent
import orjson
import requests

from mockapi.client.webhook import reason


class NoAnswer(Exception):
    """There was none, or one that is none; the text is Go's."""


def post(
    url: str,
    verb: str,
    arguments: Any,
    *,
    seconds: float,
    verify: str | bool,
    certificate: tuple[str, str] | None,
) -> Any:
    """The decoded reply. Raises NoAnswer."""
    pool = gevent.get_hub().threadpool
    body = orjson.dumps(arguments)
    answer = pool.apply(_try, (url, verb, body, seconds, verify, certificate))
    if isinstance(answer, NoAnswer):
        raise answer
    return answer


def _try(
    url: str,
    verb: str,
    body: bytes,
    seconds: float,
    verify: str | bool,
    certificate: tuple[str, str] | None,
) -> Any:
    """What is raised in the pool would be printed there, so it is returned."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify, session.cert = verify, certificate
        headers = {"Content-Type": "application/json"}
        try:
            reply = session.post(url, body, headers=headers, timeout=seconds)
        except requests.RequestException as error:
            return NoAnswer(f'Post "{url}": {reason(error, url)}')
        if reply.status_code != 200:
            return NoAnswer(f"failed {verb} with extender at URL {url}, code {reply.status_code}")
        try:
            return orjson.loads(reply.content)
        except orjson.JSONDecodeError as error:
            return NoAnswer(str(error))
