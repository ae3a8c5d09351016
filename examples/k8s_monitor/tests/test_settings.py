"""What is set in the environment, and what is said of what is set wrongly."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from hotagents_k8s_monitor.cli.app import app
from hotagents_k8s_monitor.settings import PREFIX, Settings, SettingsError, load_settings

SET: Final[dict[str, tuple[str, Any]]] = {
    "config_dir": ("/etc/agents", Path("/etc/agents")),
    "data_dir": ("/data", Path("/data")),
    "detection_interval": ("2.5", 2.5),
    "look_timeout": ("10", 10.0),
    "kubeconfig": ("/home/me/.kube/config", "/home/me/.kube/config"),
    "context": ("staging", "staging"),
    "namespaces": ("payments,shop", "payments,shop"),
    "listen": (":9090", ":9090"),
    "dead_man_interval": ("600", 600.0),
    "dead_man_url": ("https://example.org/ping", "https://example.org/ping"),
    "heartbeat_file": ("/tmp/alive", Path("/tmp/alive")),  # noqa: S108 - nothing is written there
    "slack_token": ("xoxb-1", SecretStr("xoxb-1")),
    "slack_webhook_url": ("https://hooks.example.org/x", SecretStr("https://hooks.example.org/x")),
    "slack_base_url": ("http://127.0.0.1:8080/api/", "http://127.0.0.1:8080/api/"),
    "alertmanager_url": ("http://alertmanager:9093", "http://alertmanager:9093"),
    "alertmanager_token": ("one", SecretStr("one")),
    "webhook_url": ("https://example.org/x?key=1", SecretStr("https://example.org/x?key=1")),
    "webhook_token": ("two", SecretStr("two")),
    "model": ("opus", "opus"),
    "model_haiku": ("small-1", "small-1"),
    "model_sonnet": ("middle-1", "middle-1"),
    "model_opus": ("large-1", "large-1"),
    "model_prices": ("small-1=1/5,middle-1=3/15.5", "small-1=1/5,middle-1=3/15.5"),
    "analysis_interval": ("60", 60.0),
    "analysis_seconds": ("30", 30.0),
    "analysis_turns": ("5", 5),
    "analysis_tokens": ("50000", 50_000),
    "analysis_dollars": ("0.25", 0.25),
    "log_namespaces": ("payments,shop", "payments,shop"),
    "redact_emails": ("false", False),
    "github_token": ("three", SecretStr("three")),
    "github_base_url": ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
    "retention_days": ("7", 7),
    "retention_mib": ("20", 20),
    "log_level": ("debug", "debug"),
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


def test_every_setting_has_a_value_in_the_table_of_this_test() -> None:
    assert set(SET) == set(Settings.model_fields)


@pytest.mark.parametrize("name", SET)
def test_each_setting_is_read_from_its_one_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = SET[name]
    assert getattr(load_settings(), name) != value
    monkeypatch.setenv(PREFIX + name.upper(), text)
    assert getattr(load_settings(), name) == value


@pytest.mark.parametrize("name", sorted(set(SET) - {"config_dir", "data_dir"}))
def test_an_empty_value_is_none_at_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + name.upper(), "")
    assert load_settings() == Settings()
    assert name not in load_settings().model_fields_set


@pytest.mark.parametrize(("name", "default"), [("CONFIG_DIR", "/app/.claude"), ("DATA_DIR", "/app/logs/incidents")])
def test_an_empty_directory_is_neither_the_current_one_nor_the_default(
    name: str, default: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"K8S_MONITOR_{name}: expected a directory, got nothing; unset it for {default}"
    assert refusal(monkeypatch, f"K8S_MONITOR_{name}", "") == said


@pytest.mark.parametrize("name", SET)
def test_a_name_in_other_case_is_refused_since_there_could_be_two(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = PREFIX + name.upper()
    for wrong in (right.lower(), right.title()):
        with monkeypatch.context() as patch:
            assert refusal(patch, wrong, SET[name][0]) == f'{wrong}: no such setting; did you mean "{right}"?'


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("K8S_MONITOR_DETECTION_INTERVALL", 'did you mean "K8S_MONITOR_DETECTION_INTERVAL"?'),
        ("K8S_MONITOR_INTERVAL", 'did you mean "K8S_MONITOR_DETECTION_INTERVAL"?'),
        ("K8S_MONITOR_MODEL_HAYKU", 'did you mean "K8S_MONITOR_MODEL_HAIKU"?'),
        ("K8S_MONITOR_TOKEN", 'did you mean "K8S_MONITOR_SLACK_TOKEN"?'),
        ("K8S_MONITOR_GITHUB", 'did you mean "K8S_MONITOR_GITHUB_TOKEN"?'),
        ("K8S_MONITOR_PAGER", "see `k8s-monitor --help` for all of them"),
        ("K8S_MONITOR_DATA", 'did you mean "K8S_MONITOR_DATA_DIR"?'),
        ("K8S_MONITOR_", "see `k8s-monitor --help` for all of them"),
        ("K8S_MONITOR_RETENTION_DAY", 'did you mean "K8S_MONITOR_RETENTION_DAYS"?'),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, name, "60") == f"{name}: no such setting; {hint}"


def test_a_name_that_is_no_text_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, "K8S_MONITOR_\x1b[2J\n", "1").startswith("K8S_MONITOR_\\x1b[2J\\n: no such setting; ")


@pytest.mark.parametrize("service", ["K8S_MONITOR", "K8S_MONITOR_METRICS", "K8S_MONITOR_2"])
def test_what_a_kubelet_sets_for_a_service_is_nobodys_slip(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "tcp://10.96.7.7:8080"
    links = {"SERVICE_HOST": "10.96.7.7", "SERVICE_PORT": "8080", "SERVICE_PORT_HTTP": "8080", "PORT": address}
    links |= {"SERVICE_PORT_HTTP_METRICS_2": "8080"}
    for protocol in ("TCP", "UDP", "SCTP"):
        port = f"PORT_8080_{protocol}"
        links |= {port: address, f"{port}_PROTO": "tcp", f"{port}_PORT": "8080", f"{port}_ADDR": "10.96.7.7"}
    for name, value in links.items():
        monkeypatch.setenv(f"{service}_{name}", value)
    assert load_settings() == Settings()


@pytest.mark.parametrize("name", ["K8S_MONITOR_PORTS", "K8S_MONITOR_PORT_8080", "K8S_MONITOR_SERVICE_PORT_"])
def test_what_no_kubelet_sets_is_a_slip(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no such setting" in refusal(monkeypatch, name, "1")


@pytest.mark.parametrize(
    ("name", "bad", "expected"),
    [
        ("DETECTION_INTERVAL", ["0", "0.99", "-1", "86400.1", "1e9", "soon", "60s"], "seconds from 1 to 86400"),
        ("DETECTION_INTERVAL", ["nan", "inf", "-inf", "NaN"], "seconds from 1 to 86400"),
        ("LOOK_TIMEOUT", ["0", "3601", "nan", "inf", " "], "seconds from 1 to 3600"),
        ("RETENTION_DAYS", ["0", "3651", "1.5", "nan", "inf"], "a whole number of days from 1 to 3650"),
        ("RETENTION_DAYS", ["9" * 5000, "a week", "7d"], "a whole number of days from 1 to 3650"),
        ("RETENTION_MIB", ["0", "1000001", "500M"], "a whole number of MiB from 1 to 1000000"),
        ("MODEL_PRICES", ["1/5", "a=1", "a=1/5, b=1/5", "a=1/5,a=2/6"], "prices such as some-model=1.0/5.0,"),
        ("LOG_LEVEL", ["trace", "20"], "one of debug, info, warning, error"),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    name: str, bad: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in bad:
        said = refusal(monkeypatch, PREFIX + name, value)
        shown = value if len(value) < 100 else value[:100] + "…"
        assert said.startswith(f"{PREFIX}{name}: expected {expected}"), said
        assert f', got "{shown}"; leave it out for ' in said
        assert not said.endswith("for ")
        for jargon in ("Input should", "pydantic", "parse", "valid "):
            assert jargon not in said


def test_a_level_that_is_nearly_right_gets_a_hint_and_one_in_capitals_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, "K8S_MONITOR_LOG_LEVEL", "warnings").endswith('; did you mean "warning"?')
    monkeypatch.setenv("K8S_MONITOR_LOG_LEVEL", "WARNING")
    assert load_settings().log_level == "warning"


def test_a_wrong_value_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, "K8S_MONITOR_LOG_LEVEL", "in\x1b[2Jfo\nERROR forged")
    assert "\x1b" not in said
    assert "\n" not in said


def test_what_is_given_stands_before_the_environment_and_none_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_MONITOR_CONTEXT", "of-the-environment")
    monkeypatch.setenv("K8S_MONITOR_KUBECONFIG", "/of-the-environment")
    settings = load_settings(context="given", kubeconfig=None)
    assert (settings.context, settings.kubeconfig) == ("given", "/of-the-environment")


def test_retention_is_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_MONITOR_RETENTION_DAYS", "7")
    assert load_settings().retention == timedelta(days=7)


def test_the_help_names_every_setting() -> None:
    text = CliRunner().invoke(app, ["--help"], prog_name="k8s-monitor").output
    words = text.replace(",", " ").replace(".", " ").split()
    assert [name for name in Settings.model_fields if name.upper() not in words] == []


def test_the_docstring_tells_every_setting() -> None:
    assert Settings.__doc__ is not None
    assert [name for name in Settings.model_fields if f"\n        {name}: " not in Settings.__doc__] == []


@pytest.mark.parametrize("name", ["SLACK_WEBHOOK_URL", "WEBHOOK_URL"])
def test_a_secret_that_is_wrong_is_not_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, PREFIX + name, "hush-hush")
    assert said.startswith(f"{PREFIX}{name}: expected a URL that begins with https:// or http://, got something else; ")
    assert "hush" not in said
    monkeypatch.delenv(PREFIX + name)
    assert "hush" not in repr(Settings(slack_token=SecretStr("hush"), webhook_url=SecretStr("https://hush")))
