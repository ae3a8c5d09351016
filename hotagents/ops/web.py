"""`app`: what a process serves over HTTP, in a program's own server or by `hotagents.ops.listening`.

=============  ======================================================================================
``/metrics``   Prometheus metrics of the registry, the host and what the program adds; nothing else of the process
``/healthz``   200, or 503 with the reason: for a liveness probe
``/readyz``    200, or 503 with the reason: for a readiness probe
``/status``    the report, as JSON
=============  ======================================================================================

All of it may be read without a password, so none of it has content: names, digests, counts, and what is wrong. The
extra ``[web]`` brings what it needs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hotagents.clock import Clock, SystemClock
from hotagents.errors import ForkedError
from hotagents.ops.health import unhealthy, unready
from hotagents.ops.metrics import RegistryCollector
from hotagents.ops.report import encoded, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.registry import Collector
    from starlette.requests import Request

    from hotagents.host import Host
    from hotagents.registry import ConfigRegistry

__all__ = ["Collectors", "app"]

Collectors: TypeAlias = "Iterable[Collector]"
"""What else a scrape asks."""

logger: Final = logging.getLogger("hotagents")
_NO_STORE: Final = {"cache-control": "no-store"}


def app(
    registry: ConfigRegistry[Any],
    host: Host | None = None,
    *,
    clock: Clock = SystemClock(),  # noqa: B008 - without state
    collectors: Collectors = (),
) -> Starlette:
    """Return the application. Its answers take no lock that is ever held for long, so they come from the loop itself.

    Args:
        registry: Started or not, closed by its owner.
        host: What runs on it, None where nothing does.
        clock: What times in answers come from.
        collectors: What the program measures itself, served beside it; asked at each scrape, by the loop's thread.
    """
    metrics = CollectorRegistry(auto_describe=False)
    metrics.register(RegistryCollector(registry, host, clock=clock))
    for collector in collectors:
        metrics.register(collector)

    def scrape(request: Request) -> Response:
        try:
            encode, kind = choose_encoder(request.headers.get("accept", ""))
        except (TypeError, ValueError):  # a version that is none
            encode, kind = choose_encoder("")
        return Response(encode(metrics), headers={**_NO_STORE, "content-type": kind})

    def status(_request: Request) -> Response:
        content = encoded(report(registry, host, clock=clock))
        return Response(content, media_type="application/json", headers=_NO_STORE)

    return Starlette(
        routes=[
            _route("/metrics", scrape),
            _route("/healthz", lambda _: _probed(unhealthy(registry, host))),
            _route("/readyz", lambda _: _probed(unready(registry, host))),
            _route("/status", status),
        ]
    )


def _probed(reason: str) -> Response:
    return PlainTextResponse(f"{reason or 'ok'}\n", status_code=503 if reason else 200, headers=_NO_STORE)


def _route(path: str, answer: Callable[[Request], Response]) -> Route:
    async def endpoint(request: Request) -> Response:  # Starlette would run a plain one in a thread
        if _has_body(request):
            return PlainTextResponse("no body is taken\n", status_code=413)
        try:
            return answer(request)
        except ForkedError as error:
            return _probed(str(error))
        except Exception:
            logger.exception("%s could not be answered", path)
            return PlainTextResponse("see the log\n", status_code=500)

    return Route(path, endpoint, methods=["GET"])


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
