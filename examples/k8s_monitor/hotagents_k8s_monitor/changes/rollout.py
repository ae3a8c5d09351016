"""`Rollout`: that a workload, or what brings it, was changed in the cluster, and what of it the cluster shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.cluster.objects import at, items_at, text_at
from hotagents_k8s_monitor.findings import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Resource

__all__ = ["Rollout", "container_names", "evidence_of", "git_sha", "images_of", "pod_of"]

_LONGEST: Final = 300
_MOST: Final = 20
# Git's own, alone or at the end of what Flux and Argo CD put before it: main@sha1:..., main/...
_SHA: Final = re.compile(r"(?:.*[@:/])?(?P<sha>[0-9a-f]{40})", re.DOTALL)
_TAG: Final = re.compile(r"[^@]*:(?P<tag>[^:@/]+)(?:@.*)?", re.DOTALL)
_IN_TAG: Final = re.compile(r"(?<![0-9a-zA-Z])(?=[0-9]*[a-f])[0-9a-f]{7,40}(?![0-9a-zA-Z])")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One change that the cluster shows; its texts are the cluster's, so they are untrusted.

    Attributes:
        at: When it began, as far as the cluster shows it.
        kind: Of what was changed: a workload, or the Application, Kustomization or HelmRelease that brings it.
        namespace: Of the same.
        name: Of the same.
        revision: As the controller calls it; a sequence number, a hash, a version of a chart, or what Git has.
        images: Of the containers since then; none where they cannot be seen.
        images_before: The same of the revision before; none where it was not seen.
        source_revision: The commit that it was made from, 40 digits; empty where the cluster does not say.
        evidence: The objects that show it, ``resource/namespace/name``.
        goes_back: Whether an earlier template was taken up again.
    """

    at: datetime
    kind: str
    namespace: str
    name: str
    revision: str
    images: tuple[str, ...] = ()
    images_before: tuple[str, ...] = ()
    source_revision: str = ""
    evidence: tuple[str, ...] = ()
    goes_back: bool = False

    @property
    def new_images(self) -> tuple[str, ...]:
        """The images that came with it; none where nobody knows what was there before."""
        return tuple(image for image in self.images if image not in self.images_before) if self.images_before else ()

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of these, or of all its images where it is not known which are new."""
        found = (_TAG.fullmatch(image) for image in (self.new_images if self.images_before else self.images))
        return tuple(dict.fromkeys(match["tag"] for match in found if match is not None))

    @property
    def commits(self) -> tuple[str, ...]:
        """What names a commit: the source's revision, and what in a tag may be the digits of one."""
        in_tags = (digits for tag in self.tags for digits in _IN_TAG.findall(tag))
        return tuple(dict.fromkeys(filter(None, (self.source_revision, *in_tags))))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "revision": self.revision,
            "images": list(self.images),
            "images_before": list(self.images_before),
            "source_revision": self.source_revision,
            "evidence": list(self.evidence),
            "goes_back": self.goes_back,
        }


def git_sha(revision: str) -> str:
    """Return the commit that a revision of Argo CD's or Flux's names, or nothing."""
    match = _SHA.fullmatch(cut(revision, _LONGEST))
    return match["sha"] if match is not None else ""


def pod_of(item: Object) -> Any:
    """Return the specification of the pods that an object makes."""
    return at(item, "spec", "template", "spec")


def images_of(pod: Any) -> tuple[str, ...]:
    """Return the images of a pod's specification, each once."""
    return _each(pod, "image")


def container_names(pod: Any) -> tuple[str, ...]:
    """Return the names of the containers of a pod's specification, each once."""
    return _each(pod, "name")


def evidence_of(resource: Resource, item: Object) -> str:
    """Return an object as ``resource/namespace/name``."""
    parts = (resource, text_at(item, "metadata", "namespace"), text_at(item, "metadata", "name"))
    return cut("/".join(filter(None, parts)), _LONGEST)


def _each(pod: Any, key: str) -> tuple[str, ...]:
    found = dict.fromkeys(text for text in _texts(pod, key) if text)
    return tuple(cut(text, _LONGEST) for text in list(found)[:_MOST])


def _texts(pod: Any, key: str) -> Iterator[str]:
    for section in ("initContainers", "containers"):
        yield from (text_at(container, key) for container in items_at(pod, section))
