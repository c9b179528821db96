"""The service: `/healthz`, `/predict` and `/metrics`, as a plain ASGI application.

It logs no request and keeps no row: what it tells of them are counts and times.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from governance import jsontext
from ml_inference.model import Served, Unanswerable

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_ROWS: Final = 10_000
MOST_BYTES: Final = 8 << 20


class TooLarge(Exception):
    """A body beyond `MOST_BYTES`."""


class App:
    """An application that answers with one model."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.registry = CollectorRegistry()
        labels = {"model": served.model.name, "digest": served.digest}
        self.requests = Counter(
            "charter_requests", "Requests by outcome.", [*labels, "outcome"], registry=self.registry
        )
        self.rows = Counter(
            "charter_rows", "Rows answered.", list(labels), registry=self.registry
        ).labels(**labels)
        self.seconds = Histogram(
            "charter_seconds", "Seconds to an answer.", list(labels), registry=self.registry
        ).labels(**labels)
        self._labels = labels

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        wanted = scope["method"], scope["path"]
        if wanted == ("GET", "/healthz"):
            state = {"model": self.served.model.name, "digest": self.served.digest}
            await _say(send, HTTPStatus.OK, state)
        elif wanted == ("GET", "/metrics"):
            await _send(send, HTTPStatus.OK, generate_latest(self.registry), "text/plain")
        elif wanted == ("POST", "/predict"):
            status, value = await self._predict(receive)
            await _say(send, status, value)
        else:
            await _say(send, HTTPStatus.NOT_FOUND, {"error": "no such path"})

    async def _predict(self, receive: Receive) -> tuple[HTTPStatus, Message]:
        began = time.perf_counter()
        try:
            rows = _rows(await _body(receive))
            answers = self.served.answer(rows)
        except TooLarge:
            return self._refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes")
        except (jsontext.Ambiguous, Unanswerable) as error:
            return self._refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        except Exception as error:  # noqa: BLE001 - a row may trip any part of the model
            self._count("failed")
            value = {"error": f"the model failed: {type(error).__name__}"}
            return HTTPStatus.INTERNAL_SERVER_ERROR, value
        self._count("answered")
        self.rows.inc(len(rows))
        self.seconds.observe(time.perf_counter() - began)
        return HTTPStatus.OK, {"digest": self.served.digest, "predictions": answers}

    def _refused(self, status: HTTPStatus, words: str) -> tuple[HTTPStatus, Message]:
        self._count("refused")
        return status, {"error": words}

    def _count(self, outcome: str) -> None:
        self.requests.labels(**self._labels, outcome=outcome).inc()


def _rows(body: bytes) -> list[dict[str, Any]]:
    value = jsontext.load(body)
    rows = value.get("rows") if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        msg = 'write {"rows": [{"column": value}]}'
        raise Unanswerable(msg)
    if not 0 < len(rows) <= MOST_ROWS:
        msg = f"1 to {MOST_ROWS} rows, not {len(rows)}"
        raise Unanswerable(msg)
    return rows


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _say(send: Send, status: HTTPStatus, value: Message) -> None:
    await _send(send, status, json.dumps(value).encode(), "application/json")


async def _send(send: Send, status: HTTPStatus, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
