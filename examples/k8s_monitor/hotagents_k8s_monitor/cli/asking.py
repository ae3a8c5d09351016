"""What ``once`` asks of a model: whom, whether it is sent at all, and what was shown of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.model import Access, access
from hotagents_k8s_monitor.assembly import analyst
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
            verb = "sent" if self.sends else "would be sent"
            output.event(f"request {number}, as it {verb} to {self.where.host}", {"request": body})
            if not output.as_json:
                output.line(json.dumps(body, indent=2))
        ended = (data.get("analysis") or {}).get("ended")
        if ended is None:
            output.event("no model was asked: nothing is open", {"analysis": None})
        elif self.sends and not output.as_json:
            for line in _lines(ended):
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


def _lines(ended: Mapping[str, Any]) -> Iterator[str]:
    """Yield the remarks; their texts were escaped when they were read."""
    for remark in ended["remarks"]:
        owner = remark["owner"]
        yield f"a model's remark on {owner['kind']} {owner['namespace']}/{owner['name']}, not a finding:"
        yield f"  {remark['summary']}"
        if remark["cause"]:
            yield f"  probably: {remark['cause']}"
            yield f"  evidence: {', '.join(remark['evidence'])}"
        if remark["command"]:
            yield f"  next: {remark['command']}"
        yield from (f"  {line}" for line in remark["known_issue"].splitlines())
    tokens = sum(sum(v for k, v in used.items() if k != "requests") for used in ended["spent"].values())
    requests = sum(used["requests"] for used in ended["spent"].values())
    if ended["state"] != "ok":
        yield f"analysis {ended['state']}: {ended['said']}"
    yield f"{requests} requests, {tokens} tokens, {ended['seconds']:.1f} s"
