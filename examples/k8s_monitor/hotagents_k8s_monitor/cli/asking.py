"""What ``once`` asks of a model: whom, whether it is sent at all, and what was shown of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.model import Access, access
from hotagents_k8s_monitor.assembly import analyst
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.cli.output import Output
    from hotagents_k8s_monitor.analysis.analyst import Analyst
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["AskedModel", "asked_model"]

_NO_MODEL: Final = (
    "--analyze: no model is named; set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL for a server that needs no key"
)
_ONLY_THE_FIRST: Final = (
    "nothing was sent to a model; what agents would be asked depends on its answer, and is shown with --analyze"
)
_NOT_OVER: Final = "a model was asked, and had not answered when this was ended"
_NOWHERE: Final = Access(base_url="https://api.anthropic.com", api_key="", auth_token="")


@final
class AskedModel:
    """A model that one look asks.

    Attributes:
        where: The model.
        sends: Whether anything is sent.
        shows: Whether bodies are printed.
    """

    def __init__(self, where: Access, *, sends: bool, shows: bool) -> None:
        self.where: Final = where
        self.sends: Final = sends
        self.shows: Final = shows
        self._bodies: list[Any] = []

    def analyst(self, settings: Settings) -> Analyst:
        """Return who asks it, and waits for it."""
        shown = self._bodies.append if self.shows else None
        return analyst(settings, self.where, directory=None, waits=True, shown=shown, sends=self.sends)

    def tell(self, data: Mapping[str, Any], output: Output) -> None:
        """Print what was asked and what came of it.

        Args:
            data: Of the cycle's result.
            output: Where to.
        """
        for number, body in enumerate(self._bodies, 1):
            verb = "was sent" if self.sends else "would be sent"
            output.event(f"request {number}, as it {verb} to {self.where.host}", {"request": body})
            if not output.as_json:
                for line in json.dumps(body, indent=2).splitlines():
                    output.line(line)
        if self._bodies and not (self.sends or output.as_json):
            output.line(_ONLY_THE_FIRST)
        analysis = data["analysis"]
        if analysis["state"] == "asked":
            output.event(_NOT_OVER, {"analysis": None})
        elif analysis["ended"] is None:
            said = analysis["trouble"] or "nothing is open"
            output.event(f"no model was asked: {said}", {"analysis": None})
        elif not output.as_json:
            for line in _lines(analysis["ended"], waiting=analysis["waiting"], sends=self.sends):
                output.line(line)


def asked_model(*, analyze: bool, shows: bool) -> AskedModel | None:
    """Return the model that is asked; None where none is.

    Raises:
        SettingsError: If nothing says which.
    """
    if not analyze and not shows:
        return None
    where = access()
    if where is None and analyze:
        raise SettingsError(_NO_MODEL)
    return AskedModel(where or _NOWHERE, sends=analyze, shows=shows)


def _lines(ended: Mapping[str, Any], *, waiting: int, sends: bool) -> Iterator[str]:
    """Yield what came of it: remarks, why there are none, what it was not about, and what it took."""
    for remark in ended["remarks"]:
        yield from _remark_lines(remark)
    if ended["state"] != "ok":
        yield f"analysis {ended['state']}: {ended['said']}"
    elif waiting:
        yield f"{waiting} more incidents are open; one analysis is about {ended['incidents']} of them, the worst"
    if sends:
        tokens = sum(sum(v for k, v in used.items() if k != "requests") for used in ended["spent"].values())
        requests = sum(used["requests"] for used in ended["spent"].values())
        found = f"{len(ended['remarks'])} remarks on {ended['incidents']} incidents"
        yield f"{found}: {requests} requests, {tokens} tokens, {ended['seconds']:.1f} s"


def _remark_lines(remark: Mapping[str, Any]) -> Iterator[str]:
    yield f"a model's remark on {Owner.from_dict(remark['owner'])}, not a finding:"
    if remark["summary"]:
        yield f"  {remark['summary']}"
    if remark["cause"]:
        yield f"  probably: {remark['cause']}"
    if remark["evidence"]:
        yield f"  evidence: {', '.join(remark['evidence'])}"
    if remark["command"]:
        yield f"  next: {remark['command']}"
    if remark["known_issue"]:
        yield "  proposed for known_issues of CLAUDE.md, if you know better than to be told:"
        yield from (f"    {line}" for line in remark["known_issue"].splitlines())
