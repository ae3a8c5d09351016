"""A client of a fake cluster that knows nothing but HTTP."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing import FakeCluster


class Said(NamedTuple):
    """What the cluster said."""

    code: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.document["items"]]


def _ask(
    cluster: FakeCluster, path: str, *, method: str = "GET", body: Any = None, timeout: float = 10.0, **query: str
) -> Said:
    connection = http.client.HTTPConnection(urlsplit(cluster.url).netloc, timeout=timeout)
    try:
        target = f"{path}?{urlencode(query)}" if query else path
        connection.request(method, target, json.dumps(body) if body is not None else None)
        response = connection.getresponse()
        return Said(response.status, response.headers, response.read())
    finally:
        connection.close()


@pytest.fixture
def ask() -> Callable[..., Said]:
    """A function that asks a cluster for a path, with parameters of the query as keywords."""
    return _ask
