"""`Manifests`: Kubernetes manifests as a source of files."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING, Final, final

from hotagents.errors import SourceError
from hotagents.limits import Limits
from hotagents.manifests.configmap import content_of
from hotagents.manifests.files import Files
from hotagents.manifests.layout import laid_out
from hotagents.manifests.mounts import pod_of
from hotagents.manifests.nodes import Scalar
from hotagents.manifests.origins import Origins
from hotagents.manifests.overlay import laid_over
from hotagents.manifests.overlooked import overlooked
from hotagents.manifests.problems import Problems
from hotagents.manifests.secrets import Secrets
from hotagents.manifests.shaping import Shaping
from hotagents.manifests.shelf import Shelf
from hotagents.manifests.stream import resources, sheet_of
from hotagents.manifests.workload import chosen, workloads_in
from hotagents.watchers import PollingWatcher, SignalWatcher

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from hotagents.manifests.stream import Resource
    from hotagents.snapshot import Snapshot
    from hotagents.watchers import Watcher

__all__ = ["Manifests"]

_CORE: Final = frozenset({"ConfigMap", "Secret"})


@final
class Manifests:
    """Kubernetes manifests, laid out as files: all ConfigMaps at the root, or as a pod sees its mount.

    With a root the files, the parts and so the digest are those that a registry on that path has in the pod, as far as
    manifests can say; what they cannot is a diagnostic. Without one, all ConfigMaps are laid over each other. What is
    wrong with the manifests is among the snapshot's diagnostics, with the manifest as path and its line and column.

    Args:
        source: A file of YAML or JSON, several, ``-`` for standard input, or a text (which has a line break in it, or
            begins with ``{``). Standard input and texts are read once.
        workload: The manifest of what mounts them, where that is another one; a Deployment, StatefulSet, DaemonSet,
            ReplicaSet, Job, CronJob or Pod.
        root: The path that the program watches in the pod, such as ``/app/.claude``.
        container: The container, where several mount something there.
        namespace: Only objects of this one, and of none, count.
        workload_name: ``KIND/NAME`` of the workload, where several mount something at the root.
        limits: Bounds of what is read from each part.

    Raises:
        ValueError: If the root is not absolute, or is missing where one is needed, or there is no source.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        workload: str | os.PathLike[str] | None = None,
        root: str | os.PathLike[str] | None = None,
        container: str | None = None,
        namespace: str | None = None,
        workload_name: str | None = None,
        limits: Limits = Limits(),
    ) -> None:
        sources = [source] if isinstance(source, (str, os.PathLike)) else list(source)
        if not sources:
            raise ValueError("expected at least one manifest")
        if root is None and (workload is not None or container is not None or workload_name is not None):
            raise ValueError("expected a root too: the path that the program watches in the pod, such as /app/.claude")
        self._files = Files(sources if workload is None else [*sources, workload])
        self._workload = None if workload is None else self._files.name_of(workload)
        self._root = None if root is None else _checked(os.fspath(root))
        self._container = container
        self._namespace = namespace
        self._workload_name = workload_name
        self._limits = limits
        self._origins = Origins()
        self._secrets = Secrets()
        self._remark = ""

    @property
    def root(self) -> str | None:
        """The path that the program watches in the pod; None where all ConfigMaps are laid over each other."""
        return self._root

    @property
    def origins(self) -> Origins:
        """Where in the manifests the files of the last read stand."""
        return self._origins

    @property
    def secrets(self) -> Secrets:
        """What of the last read stands in Secrets, and is to be shown nowhere."""
        return self._secrets

    @property
    def remark(self) -> str:
        """What the last read left out of account though it is in the manifests: workloads, where no root is given.

        One line for people; empty where that is nothing.
        """
        return self._remark

    def read(self) -> Snapshot:
        """Return the files as they are now.

        Raises:
            UnsettledError: If a manifest changed just now.
            SourceError: If one cannot be read, or holds nothing of what was asked for.
        """
        token = self._files.token()
        problems = Problems()
        sheets = [sheet_of(name, content, problems) for name, content in self._files.read().items()]
        secret: dict[str, list[tuple[int, int]]] = {}
        found = [resource for resource in resources(sheets, problems, secret) if _is_wanted(resource)]
        shaping = self._over(found, problems) if self._root is None else self._out(found, self._root, problems)
        snapshot, self._origins = shaping.snapshot(problems, token)
        self._secrets = Secrets.of(self._origins, secret)
        return snapshot

    def token(self) -> Hashable:
        """Return the state of the manifests' files; opens none of them, never raises."""
        return self._files.token()

    def watcher(self) -> Watcher:
        """Return a watcher that asks for a look once a second, or never where nothing can change."""
        return PollingWatcher() if self._files.on_disk else SignalWatcher()

    def _over(self, found: Sequence[Resource], problems: Problems) -> Shaping:
        maps = [r for r in found if r.kind == "ConfigMap" and _is_in(r, self._namespace)]
        if not maps and not problems.has_error:
            raise self._nothing()
        shaping = Shaping(self._limits)
        laid_over([content_of(resource, problems) for resource in maps], shaping, problems)
        workloads = workloads_in(r for r in found if _is_in(r, self._namespace))
        self._remark = overlooked(workloads, {resource.name for resource in maps})
        return shaping

    def _out(self, found: Sequence[Resource], root: str, problems: Problems) -> Shaping:
        complete = not problems.has_error
        workloads = workloads_in(r for r in found if self._workload in {None, r.file})
        try:
            choice = chosen(
                workloads, root, container=self._container, name=self._workload_name, namespace=self._namespace
            )
        except SourceError:
            if complete:
                raise
            return Shaping(self._limits)  # what could not be read may hold it
        namespace = choice.workload.resource.namespace or self._namespace or ""
        shelf = Shelf(found, namespace, complete=complete, problems=problems)
        pod = pod_of(choice, root, shelf)
        return laid_out(pod, root, choice.container.record, limits=self._limits, problems=problems)

    def _nothing(self) -> SourceError:
        where = "" if self._namespace is None else f" of namespace {self._namespace}"
        names = ", ".join(self._files.names)
        message = f"{names}: no ConfigMap{where} in there; give what is applied: kustomize build | hotagents validate -"
        return SourceError(message, path=self._files.names[0], reason="Missing")


def _checked(root: str) -> str:
    if not root.startswith("/") or ".." in root.split("/"):
        raise ValueError(f'root: expected an absolute path such as "/app/.claude", got {root!r}')
    return posixpath.normpath("/" + root.lstrip("/"))


def _is_wanted(resource: Resource) -> bool:
    """Say whether an object is what its kind says, and not another group's of the same kind."""
    version = resource.root.values.get("apiVersion")
    return resource.kind not in _CORE or not isinstance(version, Scalar) or "/" not in version.text


def _is_in(resource: Resource, namespace: str | None) -> bool:
    return namespace is None or resource.namespace in {"", namespace}
