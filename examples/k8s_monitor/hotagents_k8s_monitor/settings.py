"""`Settings`: what differs from one deployment to the next, from the environment; one name for each.

What operations people change while the monitor runs is not here but in the two ConfigMaps.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, final, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hotagents import did_you_mean, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

__all__ = ["PREFIX", "Settings", "SettingsError", "load_settings"]

PREFIX: Final = "K8S_MONITOR_"
# A Service called k8s-monitor, or k8s-monitor-metrics, in the pod's namespace makes the kubelet set these; they are
# nobody's slip.
_SERVICE_LINK: Final = re.compile(
    PREFIX + r"([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)",
    re.ASCII,
)
_DIRECTORIES: Final = ("config_dir", "data_dir")
_HINT: Final = "see `k8s-monitor --help` for all of them"
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


_URL: Final = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?", re.ASCII)


def _is_url(value: str | SecretStr | None) -> str | SecretStr | None:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if text is not None and not _URL.fullmatch(text):
        raise ValueError("not a URL")
    return value


_OF_A_URL: Final = "a URL that begins with https:// or http://"
Url: TypeAlias = Annotated[str | None, AfterValidator(_is_url), Field(description=_OF_A_URL)]
SecretUrl: TypeAlias = Annotated[SecretStr | None, AfterValidator(_is_url), Field(description=_OF_A_URL)]

Namespaces: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9-]{1,63}(,[a-z0-9-]{1,63}){0,49})?$",
        description="up to 50 namespaces such as payments,shop",
    ),
]
ModelName: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][^\s=,]{0,199}$", description="a model such as claude-sonnet-5-5")
]
_PRICE: Final = re.compile(r"([^\s=,]{1,200})=([0-9]{1,6}(?:\.[0-9]{1,6})?)/([0-9]{1,6}(?:\.[0-9]{1,6})?)")


def _prices_in(text: str) -> dict[str, tuple[float, float]]:
    found = [_PRICE.fullmatch(part) for part in text.split(",")] if text else []
    return {match[1]: (float(match[2]), float(match[3])) for match in found if match is not None}


def _are_prices(text: str) -> str:
    if text and len(_prices_in(text)) != len(text.split(",")):
        raise ValueError("not prices, or a model twice")
    return text


Prices: TypeAlias = Annotated[
    str,
    AfterValidator(_are_prices),
    Field(description="prices such as some-model=1.0/5.0,other-model=3/15, without blanks"),
]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _between(least: int, most: int, what: str) -> Any:
    """Return the bounds of a number; ``what`` it counts is said to whoever gives another."""
    return Field(ge=least, le=most, allow_inf_nan=False, description=f"{what} from {least} to {most}")


class SettingsError(Exception):
    """A variable of the environment is unknown or wrong; the message names it and says what would be right."""


@final
class Settings(BaseSettings):
    """The settings; each is the environment variable ``K8S_MONITOR_`` and the name in capitals.

    Attributes:
        config_dir: Where the two ConfigMaps are mounted.
        data_dir: Where state, cycles and incidents are kept.
        detection_interval: Seconds from the end of one look at the cluster to the next.
        look_timeout: Seconds that one look may take; what was not answered by then was not seen.
        kubeconfig: A kubeconfig file; empty for the pod's own account, or the usual file outside of a pod.
        context: A context of the kubeconfig; empty for its current one.
        heartbeat_file: Renewed by ``run`` while its cycles end in time, read by ``alive``; empty for none.
        namespaces: Which are looked into, ``payments,shop``; empty for all, which needs rights on the whole cluster.
        listen: Where metrics and probes are served, ``HOST:PORT`` or ``:PORT``; empty for nowhere.
        dead_man_interval: Seconds between two messages that the monitor is alive; 0 for none.
        dead_man_url: Where these are sent besides the log, an ``https`` address; empty for the log alone.
        slack_token: A Slack bot's token; empty for no Slack.
        slack_webhook_url: A Slack incoming webhook, used where there is no token; empty for none.
        slack_base_url: Where Slack's API is; empty for ``https://slack.com/api/``.
        alertmanager_url: An Alertmanager, ``http://alertmanager:9093``; empty for none.
        alertmanager_token: Sent to it as ``Authorization: Bearer``; empty for none.
        webhook_url: Where each message is sent as JSON; empty for nowhere.
        webhook_token: Sent to it as ``Authorization: Bearer``; empty for none.
        model: What ``inherit`` stands for, and what the orchestrator is: an alias, or a model's id.
        model_haiku: The id that the alias ``haiku`` stands for.
        model_sonnet: The same of ``sonnet``.
        model_opus: The same of ``opus``.
        model_prices: US dollars a million tokens, ``ID=INPUT/OUTPUT`` for each model, parted by commas; empty for
            unknown, and then nothing is counted in dollars.
        analysis_interval: Seconds from one analysis to the next, at the least.
        analysis_seconds: Seconds that an analysis may take.
        analysis_turns: Requests to a model that an analysis may make.
        analysis_tokens: Tokens that an analysis may take, of input and output together.
        analysis_dollars: US dollars that an analysis may cost, by ``model_prices``; 0 for no such limit.
        log_namespaces: Of which namespaces agents may read the logs of pods, ``payments,shop``; empty for none.
        redact_emails: Whether e-mail addresses are taken out of what is sent to a model.
        github_token: A token for GitHub; with it agents may ask about changes of the repositories that are listed.
        github_base_url: Where GitHub's API is; with ``https://api.github.com`` and no token, public repositories are
            asked about. Where neither is set, GitHub is not asked.
        retention_days: Days for which records are kept.
        retention_mib: MiB that all records may take.
        log_level: From which level on is logged.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    config_dir: Path = Path("/app/.claude")
    data_dir: Path = Path("/app/logs/incidents")
    detection_interval: Annotated[float, _between(1, 86_400, "seconds")] = 60.0
    look_timeout: Annotated[float, _between(1, 3600, "seconds")] = 60.0
    kubeconfig: str = ""
    context: str = ""
    heartbeat_file: Path | None = None
    namespaces: Namespaces = ""
    listen: str = ""
    dead_man_interval: Annotated[float, _between(0, 604_800, "seconds")] = 3600.0
    dead_man_url: Annotated[
        str, Field(pattern=r"^(https?://[^\s]{1,2000})?$", description="an address that begins with https://")
    ] = Field(default="", repr=False)
    slack_token: SecretStr | None = None
    slack_webhook_url: SecretUrl = None
    slack_base_url: Url = None
    alertmanager_url: Url = None
    alertmanager_token: SecretStr | None = None
    webhook_url: SecretUrl = None
    webhook_token: SecretStr | None = None
    model: ModelName = "sonnet"
    model_haiku: ModelName = "claude-haiku-5-5"
    model_sonnet: ModelName = "claude-sonnet-5-5"
    model_opus: ModelName = "claude-opus-5-5"
    model_prices: Prices = ""
    analysis_interval: Annotated[float, _between(1, 86_400, "seconds")] = 600.0
    analysis_seconds: Annotated[float, _between(1, 3600, "seconds")] = 120.0
    analysis_turns: Annotated[int, _between(1, 1000, "a whole number of requests")] = 30
    analysis_tokens: Annotated[int, _between(1000, 100_000_000, "a whole number of tokens")] = 200_000
    analysis_dollars: Annotated[float, _between(0, 10_000, "US dollars")] = 0.0
    log_namespaces: Namespaces = ""
    redact_emails: Annotated[bool, Field(description="true or false")] = True
    github_token: SecretStr | None = None
    github_base_url: Url = None
    retention_days: Annotated[int, _between(1, 3650, "a whole number of days")] = 30
    retention_mib: Annotated[int, _between(1, 1_000_000, "a whole number of MiB")] = 500
    log_level: Annotated[
        LogLevel, BeforeValidator(_lower), Field(description=f"one of {', '.join(get_args(LogLevel))}")
    ] = "info"

    @property
    def looked_into(self) -> tuple[str, ...]:
        """The namespaces that are looked into, each once; none for all."""
        return tuple(dict.fromkeys(filter(None, self.namespaces.split(","))))

    @property
    def logs_of(self) -> tuple[str, ...]:
        """The namespaces of whose pods agents may read logs, each once."""
        return tuple(dict.fromkeys(filter(None, self.log_namespaces.split(","))))

    @property
    def prices(self) -> dict[str, tuple[float, float]]:
        """US dollars a million tokens of input and of output, by a model's id; empty for unknown."""
        return _prices_in(self.model_prices)

    @property
    def models(self) -> dict[str, str]:
        """Ids by alias, for `hotagents.adapters`; what ``inherit`` stands for may be an alias itself."""
        ids = {"haiku": self.model_haiku, "sonnet": self.model_sonnet, "opus": self.model_opus}
        return ids | {"inherit": ids.get(self.model, self.model)}

    @property
    def retention(self) -> timedelta:
        """Age at which records are deleted."""
        return timedelta(days=self.retention_days)


def load_settings(**overrides: object) -> Settings:
    """Return the settings of this process's environment; ``overrides`` that are not None stand before it.

    A variable that is empty is none at all; but a directory's is an error, since whoever set it meant another one than
    the default.

    Raises:
        SettingsError: If there is a ``K8S_MONITOR_*`` variable that does not exist, or one with a value that is wrong.
    """
    _refuse_unknown(os.environ)
    for name in _DIRECTORIES:
        if os.environ.get(PREFIX + name.upper()) == "":
            default = Settings.model_fields[name].default
            raise SettingsError(f"{PREFIX}{name.upper()}: expected a directory, got nothing; unset it for {default}")
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        raise SettingsError(_said(error.errors(include_url=False, include_context=False)[0])) from None


def _said(error: ErrorDetails) -> str:
    """Return what is wrong with a value, in the words of who deploys, not in pydantic's."""
    name, value = str(error["loc"][0]), str(error["input"])
    expected = Settings.model_fields[name].description or "another value"
    near = did_you_mean(value, get_args(LogLevel)) if name == "log_level" else ""
    hint = near or f"leave it out for {Settings.model_fields[name].default or 'none'}"
    got = "something else" if _is_secret(name) else f'"{escape(value, limit=100)}"'
    return f"{PREFIX}{name.upper()}: expected {expected}, got {got}; {hint}"


def _is_secret(name: str) -> bool:
    return "Secret" in str(Settings.model_fields[name].annotation)


def _refuse_unknown(names: Iterable[str]) -> None:
    """Refuse what is meant for the monitor and would do nothing; also a name in other case, of which there may be two.

    Raises:
        SettingsError: For the first of them.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(names):
        if not name.upper().startswith(PREFIX) or name in known or _SERVICE_LINK.fullmatch(name):
            continue
        raise SettingsError(f"{escape(name, limit=100)}: no such setting; {_near(name[len(PREFIX) :].upper())}")


def _near(own: str) -> str:
    """Return a hint at the setting that is meant, by its name without the prefix, which makes any two look alike."""
    names = [name.upper() for name in Settings.model_fields]
    with_word = [name for name in names if own in name.split("_")]  # INTERVAL is far from DETECTION_INTERVAL, and meant
    said = did_you_mean(with_word[0] if with_word else own, names)
    return said.replace('"', f'"{PREFIX}', 1) if said else _HINT
