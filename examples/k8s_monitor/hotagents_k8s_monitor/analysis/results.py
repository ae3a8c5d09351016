"""`Form`: in which form a model is to answer, and what of its answer is believed.

One form an analysis: the ids of its incidents are the only ones that the schema allows, and the only ones that are
taken from an answer of a server that does not keep to schemas.
"""

from __future__ import annotations

import re
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

import yaml
from pydantic import ValidationError

from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.remarks import LONGEST_ID, MOST_EVIDENCE, Remark, said
from hotagents_k8s_monitor.analysis.replies import json_within
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.policy.context import KnownIssue
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.incidents import Incident

__all__ = ["Form"]

_COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "none": "",
        "get": "kubectl get {resource} {name}{space} -o yaml",
        "describe": "kubectl describe {resource} {name}{space}",
        "events": "kubectl events --for={resource}/{name}{space}",
        "logs": "kubectl logs {name}{space} --all-containers --tail=100",
        "rollout-history": "kubectl rollout history {resource}/{name}{space}",
    }
)
_ROLLED_OUT: Final = ("daemonsets.apps", "deployments.apps", "statefulsets.apps")
_LONGEST_LINE: Final = 10_000  # no entry is folded
_MOST_DAYS: Final = 30
_TEXT: Final = {"type": "string"}
_PLAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)  # as names of objects are
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}", re.ASCII)


@final
class Form:
    """The form of one answer, and its reading.

    Args:
        incidents: What is asked about, by the id that a model is told.
        snapshot: What there is.
        now: The time of the look.
    """

    def __init__(self, incidents: Mapping[str, Incident], snapshot: Snapshot, now: datetime) -> None:
        self._incidents: Final = incidents
        self._snapshot: Final = snapshot
        self._now: Final = now

    @property
    def schema(self) -> dict[str, Any]:
        """The form, as JSON Schema."""
        remark = _object(
            incident={"type": "string", "enum": list(self._incidents)},
            summary=_TEXT,
            cause=_TEXT,
            evidence={"type": "array", "items": _TEXT},
            command={"type": "string", "enum": list(_COMMANDS)},
            command_object=_TEXT,
            known_issue_rule=_TEXT,
            known_issue_reason=_TEXT,
            known_issue_days={"type": "integer"},
        )
        return _object(remarks={"type": "array", "items": remark})

    def read(self, text: str) -> tuple[Remark, ...]:
        """Return the remarks of an answer, one an incident at most; what names something that is not there is left out.

        Raises:
            AnalysisError: If it is in another form, or has no remark that could be used.
        """
        listed = _listed(json_within(text))
        if listed is None:
            raise AnalysisError("malformed", "the model's answer is not in the form that was asked for")
        found: dict[str, Remark] = {}
        for values in listed:
            if isinstance(values, dict) and isinstance(values.get("incident"), str):
                name = values["incident"]
                if name in self._incidents and name not in found and (remark := self._remark(name, values)):
                    found[name] = remark
        if not found:
            raise AnalysisError("malformed", "the model's answer has no remark on any of the incidents")
        return tuple(found.values())

    def _remark(self, name: str, values: Mapping[str, Any]) -> Remark | None:
        incident = self._incidents[name]
        evidence = tuple(dict.fromkeys(self._there(values.get("evidence"), incident)))[:MOST_EVIDENCE]
        summary, cause = said(values.get("summary")), said(values.get("cause"))
        if not summary and not (cause and evidence):
            return None
        return Remark(
            owner=incident.owner,
            fingerprints=incident.fingerprints,
            at=self._now,
            summary=summary,
            cause=cause if evidence else "",
            evidence=evidence,
            command=self._command(values),
            known_issue=self._known_issue(incident, values),
        )

    def _there(self, named: Any, incident: Incident) -> Iterator[str]:
        """Yield the ids of those that there are."""
        for text in named if isinstance(named, list) else ():
            if not isinstance(text, str) or len(text) > LONGEST_ID:
                continue
            kind, _, rest = text.partition("/")
            if (kind == "finding" and rest in incident.fingerprints) or self._object(text) is not None:
                yield said(text, LONGEST_ID)

    def _object(self, text: Any) -> tuple[str, str, str] | None:
        """Return resource, namespace and name of an object that was seen; None where the id names none."""
        parts = text.split("/") if isinstance(text, str) else []
        if len(parts) == 2:  # noqa: PLR2004 - of what belongs to no namespace, a part may be left out
            parts.insert(1, "")
        if len(parts) != 3:  # noqa: PLR2004
            return None
        resource, namespace, name = parts
        known = next((each for each in KINDS if each == resource), None)
        if known is None or self._snapshot.find(known, namespace, name) is None:
            return None
        return resource, namespace, name

    def _command(self, values: Mapping[str, Any]) -> str:
        verb, found = values.get("command"), self._object(values.get("command_object"))
        if not isinstance(verb, str) or verb not in _COMMANDS or found is None:
            return ""
        resource, namespace, name = found
        if not _are_plain(name, namespace):
            return ""
        if (verb == "logs" and resource != "pods") or (verb == "rollout-history" and resource not in _ROLLED_OUT):
            return ""
        return _COMMANDS[verb].format(resource=resource, name=name, space=f" -n {namespace}" if namespace else "")

    def _known_issue(self, incident: Incident, values: Mapping[str, Any]) -> str:
        """Return an entry that would mute one rule for this owner, as YAML; empty where none was proposed."""
        rule, reason, days = (values.get(f"known_issue_{key}") for key in ("rule", "reason", "days"))
        rules = {finding.rule for finding in incident.findings if finding.owner == incident.owner}
        if not isinstance(rule, str) or rule not in rules or not RULES[rule].switchable:
            return ""
        owner = incident.owner
        is_plain = _KIND.fullmatch(owner.kind) and _are_plain(owner.name, owner.namespace)  # what is wild means others
        if not is_plain or not said(reason) or type(days) is not int:
            return ""
        match = {"rule": rule, "kind": owner.kind, "namespace": owner.namespace, "name": owner.name}
        until = (self._now + timedelta(days=min(max(days, 1), _MOST_DAYS))).date().isoformat()
        entry = {"match": {k: v for k, v in match.items() if v}, "until": until, "reason": said(reason, 200)}
        try:
            KnownIssue.model_validate(entry)
        except ValidationError:  # of a kind, or a name, that an entry cannot speak of
            return ""
        return yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=_LONGEST_LINE)


def _are_plain(name: str, namespace: str) -> bool:
    return _PLAIN.fullmatch(name) is not None and (not namespace or _PLAIN.fullmatch(namespace) is not None)


def _listed(value: Any) -> list[Any] | None:
    """Return the remarks of an answer; small models leave out what is around them. None where it has another form."""
    if isinstance(value, dict) and "remarks" not in value and "incident" in value:
        return [value]
    listed = value.get("remarks") if isinstance(value, dict) else value
    return listed if isinstance(listed, list) else None


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
