"""The one mapper from exceptions to replies."""

import logging
from collections.abc import Sequence

import orjson

from mockapi.api import encode, reply
from mockapi.api.call import Call
from mockapi.api.negotiate import JSON, MEDIA_TYPES, plain_form, with_pretty
from mockapi.api.reply import Reply
from mockapi.api.routes import PlainNotFound
from mockapi.meta.errors import ApiError

_PANIC = "This request caused apiserver to panic. Look in the logs for details.\n"
_log = logging.getLogger("mockapi.api")


def reply_to(error: Exception, call: Call, media_types: Sequence[str] = MEDIA_TYPES) -> Reply:
    """Every failure of a request as the reply that the real server gives."""
    if isinstance(error, ApiError):
        return status_reply(error, call, media_types)
    if isinstance(error, PlainNotFound):
        return reply.text(404, "404 page not found\n")
    return _panic(error, call)


def status_reply(error: ApiError, call: Call, media_types: Sequence[str] = MEDIA_TYPES) -> Reply:
    """A Status in the form asked for; indented JSON where that form cannot carry one."""
    headers = _headers(error)
    form = plain_form(call.accept, media_types=media_types)
    if form is None:
        body = encode.escaped(orjson.dumps(error.status(), option=orjson.OPT_INDENT_2))
        return Reply(error.code, body, JSON, headers)
    form = with_pretty(form, call.query.get("pretty"), call.user_agent)
    return Reply(error.code, encode.status(error.status(), form), form.media, headers)


def _headers(error: ApiError) -> list[tuple[str, str]]:
    headers = dict(error.headers)
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        headers["Retry-After"] = str(seconds)
    return list(headers.items())


def _panic(error: Exception, call: Call) -> Reply:
    """Our own fault: told in the log with its traceback, and in one line to the client."""
    _log.error("panic at %s %s", call.method, call.path, exc_info=error)
    return reply.text(500, _PANIC)
