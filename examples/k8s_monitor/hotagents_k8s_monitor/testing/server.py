"""`FakeCluster`: an API server on the loopback that serves recorded or made-up objects, and fails where it is told to.

It speaks real HTTP, so the official client, ``kubectl`` and the bare hand can ask it. It reads only: what would write
is refused, and is found in `FakeCluster.requests`.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.api import Api
from hotagents_k8s_monitor.testing.faults import Fault, Faults
from hotagents_k8s_monitor.testing.kinds import KINDS
from hotagents_k8s_monitor.testing.logs import Logs
from hotagents_k8s_monitor.testing.recording import Frame
from hotagents_k8s_monitor.testing.routes import PODS_LOG
from hotagents_k8s_monitor.testing.store import Store
from hotagents_k8s_monitor.testing.wire import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from hotagents_k8s_monitor.testing.routes import Request

__all__ = ["FakeCluster"]

_RESOURCES: Final = frozenset({*(kind.resource for kind in KINDS), PODS_LOG})


@final
class FakeCluster:
    """An API server of a cluster that does not exist; use it as a context manager.

    It listens on a free port of 127.0.0.1 inside the ``with`` block, and at its end closes all connections, those it
    still holds back an answer to included, within a second. All methods may be called from any thread, also before and
    after the block, but for `url` and `kubeconfig`.

    Args:
        objects: What is in the cluster: objects with ``apiVersion`` and ``kind``, or a frame of a recording. Copied.
        role: Rules as in a ClusterRole: what they do not grant is refused with 403. None allows every read.

    Raises:
        ValueError: For an object of an unknown kind, or without a name, or twice the same.
    """

    def __init__(
        self, objects: Iterable[Mapping[str, Any]] | Frame = (), *, role: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._store = Store(_objects_of(objects))
        self._faults = Faults()
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._logs = Logs()
        self._api = Api(self._store, role, self._logs)
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = Server(self._api, self._faults, self._heard)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: Outside the ``with`` block.
        """
        if self._server is None:
            raise RuntimeError("the fake cluster is not started; use it as a context manager")
        return f"http://127.0.0.1:{self._server.server_port}"

    def kubeconfig(self, directory: str | Path) -> Path:
        """Write a kubeconfig file for it, with the context ``fake``, and return its path.

        Raises:
            OSError: If it cannot be written.
            RuntimeError: Outside the ``with`` block.
        """
        path = Path(directory) / "kubeconfig"
        path.touch(mode=0o600)  # as real ones are, which hold credentials
        path.write_text(json.dumps(_kubeconfig(self.url), indent=2) + "\n", encoding="utf-8")  # JSON is YAML
        return path

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked, in the order in which it came, whatever was answered."""
        with self._lock:
            return tuple(self._requests)

    def put(self, item: Mapping[str, Any]) -> None:
        """Add an object, or replace the one of its kind, namespace and name.

        Raises:
            ValueError: For an object of an unknown kind, or without a name.
        """
        self._store.put(item)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Take an object away; the namespace is empty for a kind that has none.

        Raises:
            LookupError: If there is none.
            ValueError: For an unknown kind.
        """
        self._store.delete(kind, namespace, name)

    def replace(self, objects: Iterable[Mapping[str, Any]] | Frame) -> None:
        """Let these be all objects from now on.

        Raises:
            ValueError: As for the constructor; nothing is changed then.
        """
        self._store.replace(_objects_of(objects))

    def log(self, namespace: str, pod: str, text: str | bytes, *, container: str = "", previous: bool = False) -> None:
        """Let a text be all that a container wrote; without one that wrote nothing has an empty log.

        Args:
            namespace: Of the pod.
            pod: By its name; it must be there when it is asked for.
            text: Lines, the newest last; bytes where it is to be no text.
            container: Which; empty for that of a pod with one alone.
            previous: Whether the one that ran before it wrote this.
        """
        body = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
        self._logs.write(namespace, pod, container, body, previous=previous)

    def fault(self, resource: str, fault: Fault, *, times: int | None = None) -> None:
        """Let requests fail. Where several faults hit one request, the first that was added acts.

        Args:
            resource: ``pods``, ``deployments.apps``, ``pods/log`` ...; a path such as ``/version``; or ``*`` for all.
            fault: How.
            times: How many requests; None for all.

        Raises:
            ValueError: For a resource that it does not have.
        """
        if resource != "*" and resource not in _RESOURCES and not resource.startswith("/"):
            raise ValueError(f"resource {resource!r}: expected '*', a path, or one of {', '.join(sorted(_RESOURCES))}")
        self._faults.add(resource.rstrip("/"), fault, times)

    def clear_faults(self) -> None:
        """Let everything work again, from the next request on."""
        self._faults.clear()

    def _heard(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)


def _objects_of(objects: Iterable[Mapping[str, Any]] | Frame) -> Iterable[Mapping[str, Any]]:
    return objects.objects if isinstance(objects, Frame) else objects


def _kubeconfig(url: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "fake", "user": {"token": "not-a-secret"}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake", "namespace": "default"}}],
        "preferences": {},
    }
