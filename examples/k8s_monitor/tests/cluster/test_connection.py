"""Which cluster, with whose credentials, and why not."""

from __future__ import annotations

import base64
import inspect
import json
import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hotagents_k8s_monitor.cluster.client import official
from hotagents_k8s_monitor.cluster.connection import _load_kubeconfig, connect, disconnect
from hotagents_k8s_monitor.cluster.errors import ClusterError

INSIDE = official("config.incluster_config")
KNOWS_PROXIES = pytest.mark.skipif(
    "proxy" not in inspect.signature(official("client").Configuration).parameters,
    reason="old versions of the client read no proxy, neither from the environment nor from a kubeconfig",
)
SECRET = "sesame-open-sesame"  # noqa: S105 - nobody's


def config(**changes: Any) -> dict[str, Any]:
    return {
        "current-context": "dev",
        "clusters": [
            {"name": "c-dev", "cluster": {"server": "http://127.0.0.1:1"}},
            {"name": "c-prod", "cluster": {"server": "http://127.0.0.1:2"}},
        ],
        "users": [{"name": "me", "user": {"token": SECRET}}],
        "contexts": [
            {"name": "dev", "context": {"cluster": "c-dev", "user": "me"}},
            {"name": "production", "context": {"cluster": "c-prod", "user": "me"}},
        ],
    } | changes


def write(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv(INSIDE.SERVICE_HOST_ENV_NAME, raising=False)


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(INSIDE.SERVICE_HOST_ENV_NAME, "127.0.0.1")
    monkeypatch.setenv(INSIDE.SERVICE_PORT_ENV_NAME, "6443")
    for name, attribute in (("token", "SERVICE_TOKEN_FILENAME"), ("ca.crt", "SERVICE_CERT_FILENAME")):
        (tmp_path / name).write_text(SECRET, encoding="utf-8")
        monkeypatch.setattr(INSIDE, attribute, str(tmp_path / name))
    return tmp_path


def host_of(kubeconfig: str | None, context: str | None = None) -> str:
    client = connect(kubeconfig=kubeconfig, context=context)
    disconnect(client)
    return str(client.configuration.host)


def cert_of(kubeconfig: str) -> Path:
    configuration = official("client").Configuration()
    _load_kubeconfig(configuration, kubeconfig, None)
    return Path(configuration.cert_file)


def refusal(kubeconfig: str | None, context: str | None = None) -> str:
    with pytest.raises(ClusterError) as caught:
        connect(kubeconfig=kubeconfig, context=context)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message


@pytest.mark.usefixtures("pod")
def test_a_named_kubeconfig_and_context_win(tmp_path: Path) -> None:
    path = write(tmp_path / "config", config())
    assert host_of(path) == "http://127.0.0.1:1"
    assert host_of(path, "production") == "http://127.0.0.1:2"


@pytest.mark.usefixtures("pod")
def test_a_named_context_wins_over_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "config", config()))
    assert host_of(None, "production") == "http://127.0.0.1:2"


@pytest.mark.usefixtures("pod")
def test_a_pod_looks_at_its_own_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "config", config()))
    assert host_of(None) == "https://127.0.0.1:6443"


def test_everywhere_else_it_is_the_cluster_of_kubectl(tmp_path: Path) -> None:
    (tmp_path / "home/.kube").mkdir(parents=True)
    write(tmp_path / "home/.kube/config", config())
    assert host_of(None) == "http://127.0.0.1:1"


def test_several_files_are_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "first", config(contexts=[], users=[]))
    second = write(tmp_path / "second", config(**{"current-context": "production"}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join([first, str(tmp_path / "missing"), second]))
    assert host_of(None) == "http://127.0.0.1:1"
    assert host_of(None, "production") == "http://127.0.0.1:2"


def test_it_retries_nothing_by_itself_and_says_who_it_is(tmp_path: Path) -> None:
    client = connect(kubeconfig=write(tmp_path / "config", config()), context=None)
    assert client.configuration.retries is False
    retries = client.rest_client.pool_manager.connection_pool_kw["retries"]  # of urllib3's own kind in new versions
    assert not getattr(retries, "total", retries)
    assert client.user_agent == "hotagents-k8s-monitor"
    disconnect(client)


def test_no_file_says_what_was_tried(tmp_path: Path) -> None:
    message = refusal(None)
    assert "~/.kube/config: no such file" in message
    assert "no kubeconfig was named, and no service account is mounted" in message
    assert "no such file" in refusal(str(tmp_path / "nowhere"))


def test_an_unknown_context_says_which_there_are(tmp_path: Path) -> None:
    path = write(tmp_path / "config", config())
    assert 'no context "prodution"; did you mean "production"? it has dev, production' in refusal(path, "prodution")
    assert 'no context "x\\x1b"; it has dev, production' in refusal(path, "x\x1b")


def test_no_current_context_asks_for_one(tmp_path: Path) -> None:
    path = write(tmp_path / "config", config(**{"current-context": ""}))
    assert "no current context; choose one: it has dev, production" in refusal(path)
    many = [{"name": f"c{n}", "context": {}} for n in range(30)]
    assert "and 20 more" in refusal(write(tmp_path / "many", config(contexts=many, **{"current-context": None})))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected a mapping"),
        ("[]", "expected a mapping"),
        (f"a: b\ntoken: *{SECRET}", "not YAML at line 2"),
        (f"token: '{SECRET}", "not YAML at line"),
        ("a: \x07", "not a text file"),
        ("a: 2026-99-99", "not a text file"),
        ("[" * 5000, "not a text file"),
        (config(contexts=[]), 'no context "dev"; it has none'),
        (config(contexts="x"), 'no context "dev"; it has none'),
        (config(contexts=[7, {"name": 7}, {"name": "dev"}]), 'cluster "" is not there'),
        (config(clusters=None), 'cluster "c-dev" is not there, or has no server'),
        (config(clusters=[{"name": "c-dev", "cluster": {"server": 7}}]), "has no server"),
        (config(users=[]), 'user "me" is not there'),
        (config(users=[{"name": "me", "user": SECRET}]), "its cluster or user cannot be used"),
        (config(users=[{"name": "me", "user": {"token": 7, "x": SECRET}}, SECRET]), "its cluster or user cannot"),
    ],
)
def test_a_broken_file_says_where_and_shows_nothing(content: Any, words: str, tmp_path: Path) -> None:
    assert words in refusal(write(tmp_path / "config", content))


def test_a_temporary_file_that_somebody_cleaned_up_is_written_again(tmp_path: Path) -> None:
    data = base64.b64encode(b"a certificate").decode()
    cluster = {"server": "https://127.0.0.1:1"}
    user = {"client-certificate-data": data, "client-key-data": data}
    named = config(clusters=[{"name": "c-dev", "cluster": cluster}], users=[{"name": "me", "user": user}])
    path = write(tmp_path / "config", named)
    first = cert_of(path)
    assert cert_of(path) == first
    first.unlink()
    assert cert_of(path).read_text(encoding="utf-8") == "a certificate"


@pytest.mark.parametrize("keeps", [True, False])
def test_only_files_that_are_gone_are_forgotten_where_the_client_keeps_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps: Any
) -> None:
    path = write(tmp_path / "config", config())
    files = {b"kept": path, b"lost": str(tmp_path / "gone")}  # new versions look for themselves, but not for all
    stand_in = SimpleNamespace(_temp_files=files) if keeps else SimpleNamespace()
    monkeypatch.setitem(sys.modules, official("config.kube_config").__name__, stand_in)
    assert host_of(path) == "http://127.0.0.1:1"
    assert files.keys() == ({b"kept"} if keeps else {b"kept", b"lost"})


def test_a_certificate_that_is_missing_is_named(tmp_path: Path) -> None:
    cluster = {"server": "https://127.0.0.1:1", "certificate-authority": "/nowhere/ca.crt"}
    path = write(tmp_path / "config", config(clusters=[{"name": "c-dev", "cluster": cluster}]))
    assert "no such file: /nowhere/ca.crt" in refusal(path)


def test_bytes_that_are_no_text_are_no_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in refusal(str(tmp_path / "config"))


@pytest.mark.parametrize("kind", ["directory", "fifo", "device"])
def test_what_is_no_regular_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "config"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    said = f"kubeconfig {path}: not a regular file; write the kubeconfig into one, it is read more than once"
    assert refusal(str(path)) == said
    link = tmp_path / "link"
    link.symlink_to(path)
    assert "not a regular file" in refusal(str(link))


def test_a_link_to_a_file_is_followed_and_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "config")
    (tmp_path / "config").write_bytes(b"#" * (4 << 20))
    assert "expected a mapping" in refusal(str(tmp_path / "link"))
    (tmp_path / "config").write_bytes(b"#" * ((4 << 20) + 1))
    said = f"kubeconfig {tmp_path / 'link'}: larger than 4 MiB; expected a kubeconfig"
    assert refusal(str(tmp_path / "link")) == said


def plugin(tmp_path: Path, script: str) -> str:
    call = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": ["-c", script]}
    return write(tmp_path / "config", config(users=[{"name": "me", "user": {"exec": call}}]))


def test_a_plugin_that_gives_no_credential_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = plugin(tmp_path, "import sys; sys.exit(3)")
    with caplog.at_level(logging.CRITICAL):
        assert f'"{sys.executable}" gave no credential' in refusal(path)


def test_a_plugin_gives_the_credential(tmp_path: Path) -> None:
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "t"},
    }
    assert host_of(plugin(tmp_path, f"print({json.dumps(answer)!r})")) == "http://127.0.0.1:1"


def test_a_service_account_without_a_certificate_says_so(pod: Path) -> None:
    (pod / "ca.crt").unlink()
    assert refusal(None).startswith("service account: Service certification file does not exist.")


@KNOWS_PROXIES
def test_a_proxy_that_is_none_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"gopher://me:{SECRET}@127.0.0.1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    elsewhere = [{"name": "c-dev", "cluster": {"server": "http://192.0.2.1:1"}}]
    assert "look at the proxy settings" in refusal(write(tmp_path / "config", config(clusters=elsewhere)))


@KNOWS_PROXIES
@pytest.mark.parametrize(
    ("server", "uses"), [("127.0.0.1", False), ("localhost", False), ("[::1]", False), ("192.0.2.1", True)]
)
def test_a_proxy_of_the_environment_is_not_asked_for_the_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, uses: Any
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    cluster = {"name": "c-dev", "cluster": {"server": f"http://{server}:1"}}
    client = connect(kubeconfig=write(tmp_path / "config", config(clusters=[cluster])), context=None)
    disconnect(client)
    assert client.configuration.proxy == ("http://127.0.0.1:9" if uses else None)


@KNOWS_PROXIES
def test_a_proxy_of_the_kubeconfig_is_asked_for_the_loopback_too(tmp_path: Path) -> None:
    cluster = {"server": "http://127.0.0.1:1", "proxy-url": "http://127.0.0.1:9"}
    named = config(clusters=[{"name": "c-dev", "cluster": cluster}])
    client = connect(kubeconfig=write(tmp_path / "config", named), context=None)
    disconnect(client)
    assert client.configuration.proxy == "http://127.0.0.1:9"


def test_yaml_is_read_like_json(tmp_path: Path) -> None:
    assert host_of(write(tmp_path / "config", yaml.safe_dump(config()))) == "http://127.0.0.1:1"
