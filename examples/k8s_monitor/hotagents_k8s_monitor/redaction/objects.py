"""`Redactor`: objects of a cluster without what must not leave it.

Always left out: values of environment variables, commands and arguments, annotations but those of the controllers, what
Secrets and ConfigMaps hold, headers of probes, what charts, patches, volumes and classes of storage are given; what
stands below a key such as ``password``; and in any text what `hotagents_k8s_monitor.redaction.secrets` knows. With
``pseudonyms`` only what is known to be harmless stays as it is (kinds, reasons, states, numbers, times), every other
text is replaced word by word, the same word by the same one throughout a recording, and no message is kept.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from hotagents_k8s_monitor.redaction.secrets import HIDDEN, SECRET_NAME, redacted

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["Names", "Redactor"]

Names: TypeAlias = Literal["kept", "pseudonyms"]
_DROPPED: Final = frozenset(
    {
        "args", "binaryData", "caBundle", "command", "data", "helm", "httpHeaders", "images", "jsonnet", "kustomize",
        "managedFields", "parameters", "patches", "plugin", "postBuild", "stringData", "valuesObject",
        "volumeAttributes",
    }
)  # fmt: skip
_GIVEN: Final = frozenset(
    {"options", "values"}
)  # as texts or mappings; lists of that name are selectors' and resolvers'
_ANNOTATIONS: Final = re.compile(
    r"(?:deployment|batch|autoscaling|pv|storageclass|volume)[a-z.]*\.kubernetes\.io/[\w.-]+"
)
_NAMES: Final = frozenset({"generateName", "kind", "name", "namespace", "nodeName", "uid"})
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?-?|[A-Z][A-Za-z]*")  # of an object; secrets are no such
_SECRET_ANNOTATION: Final = "last-applied"  # noqa: S105 - a part of a key
_PLAIN_KEYS: Final = frozenset(
    {
        "apiVersion", "concurrencyPolicy", "effect", "imagePullPolicy", "kind", "operator", "phase", "protocol",
        "reason", "restartPolicy", "status", "type", "uid", "volumeBindingMode", "completionMode", "policyTypes",
        "addressType", "qosClass", "terminationMessagePolicy", "schedule", "timeZone", "scope", "accessModes",
    }
)  # fmt: skip
_PLAIN: Final = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|v?\d[\d.]*(?:[a-zA-Z]{1,2}|%)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|true|false|"
)
_UNNEEDED: Final = frozenset(  # free texts and addresses, of which no pseudonym would say anything
    {
        "address", "addresses", "clusterIP", "clusterIPs", "detail", "externalIPs", "hostIP", "hostIPs", "ip",
        "lastFailureMessage", "loadBalancerIP", "message", "note", "podCIDR", "podCIDRs", "podIP", "podIPs",
    }
)  # fmt: skip
_KEYS_ARE_NAMES: Final = frozenset({"annotations", "labels", "matchLabels", "nodeSelector", "selector"})
_OURS: Final = re.compile(r"(?:[\w.-]+\.)?(?:kubernetes|k8s)\.io/[\w.-]+|[a-z][a-z-]*")
_WORD: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = "bcdfghjklmnpqrstvwxz"


@final
class Redactor:
    """Redacts the looks of one recording.

    Args:
        names: Whether names stay as they are.
        key: What pseudonyms are made with; whoever has it can try names out, so it is kept nowhere.
    """

    def __init__(self, *, names: Names = "kept", key: bytes = b"") -> None:
        self._renames = names == "pseudonyms"
        self._key = key
        self._known: dict[str, str] = {}

    def look(self, snapshot: Snapshot) -> Snapshot:
        """Return what was seen, without what must not leave the cluster."""
        objects = {resource: tuple(self.item(item) for item in items) for resource, items in snapshot.objects.items()}
        gaps = {
            resource: replace(gap, detail="" if self._renames else redacted(gap.detail))
            for resource, gap in snapshot.gaps.items()
        }
        return replace(snapshot, objects=MappingProxyType(objects), gaps=MappingProxyType(gaps))

    def item(self, item: Any) -> Any:
        """Return one object, without what must not leave the cluster."""
        return {key: self._value(key, value) for key, value in item.items() if not _is_dropped(key, value)}

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._mapping(key, value)
        if isinstance(value, list):
            hides = key == "env"
            return [self._value(key, _hidden(item) if hides else item) for item in value]
        return self._text(key, value) if isinstance(value, str) else value

    def _mapping(self, key: str, value: dict[str, Any]) -> dict[str, Any]:
        if key == "annotations":
            value = {name: text for name, text in value.items() if _stays(name)}
        found = {name: self._value(name, inner) for name, inner in value.items() if not _is_dropped(name, inner)}
        if not self._renames or key not in _KEYS_ARE_NAMES:
            return found
        return {name if _OURS.fullmatch(name) else self._renamed(name): inner for name, inner in found.items()}

    def _text(self, key: str, value: str) -> str:
        if value and SECRET_NAME.fullmatch(key):
            return HIDDEN
        if not self._renames:
            is_name = key in _NAMES and _NAME.fullmatch(value)
            return value if is_name else redacted(value)
        if key in _UNNEEDED:
            return ""
        if _PLAIN.fullmatch(value) or (key in _PLAIN_KEYS and len(value) < 64):  # noqa: PLR2004 - no name of ours is
            return value
        return self._renamed(value)

    def _renamed(self, text: str) -> str:
        return _WORD.sub(lambda found: self._pseudonym(found[0]), text)

    def _pseudonym(self, word: str) -> str:
        if word.isdecimal():
            return word
        if word not in self._known:
            number = int.from_bytes(hmac.digest(self._key, word.encode("utf-8", "replace"), sha256)[:8], "big")
            letters = (_LETTERS[number // len(_LETTERS) ** at % len(_LETTERS)] for at in range(6))
            self._known[word] = "".join(letters)
        return self._known[word]


def _stays(annotation: str) -> bool:
    return _ANNOTATIONS.fullmatch(annotation) is not None and _SECRET_ANNOTATION not in annotation


def _is_dropped(key: str, value: Any) -> bool:
    return key in _DROPPED or (key in _GIVEN and not isinstance(value, list))


def _hidden(variable: Any) -> Any:
    return {**variable, "value": HIDDEN} if isinstance(variable, dict) and "value" in variable else variable
