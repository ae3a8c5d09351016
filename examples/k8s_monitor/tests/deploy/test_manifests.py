"""The manifests of the ConfigMaps hold any file as it is, and those that are shipped are what `config/` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.manifests import LONGEST, config_map, files_of, main, manifests_of
from hotagents_k8s_monitor.shipped import config_dir, manifest

if TYPE_CHECKING:
    from pathlib import Path

KEYS = st.from_regex(r"[-._a-zA-Z0-9]{1,12}", fullmatch=True).filter(lambda key: not key.startswith(".."))
ODD_KEYS = st.sampled_from(["CLAUDE.md", "null", "-", "on", "1e3", "2026-01-02", ".", "1.md"])
LINES = st.sampled_from(["", " ", "a", " a", "a ", "\ta", "---", "...", "# x", "é", "a: b"])
TEXTS = st.text() | st.text(alphabet=" \t\n\r#:-ab\x85\u2028\ufeff🙂") | st.lists(LINES).map("\n".join)
AGENTS = {"escalation-manager.md", "github-reviewer.md", "k8s-analyzer.md", "slack-notifier.md"}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return directory


@given(st.dictionaries(KEYS | ODD_KEYS, TEXTS))
def test_files_come_back_from_a_manifest_as_they_were(files: dict[str, str]) -> None:
    text = config_map("agents", files)
    assert files_of(text) == files
    assert list(files_of(text)) == list(files)
    assert text.endswith("\n")


@given(st.text(alphabet="ab é🙂#:-\n\t").filter(str.strip))
def test_a_text_for_people_is_a_block_that_people_can_read(text: str) -> None:
    written = config_map("agents", {"a.md": text}).partition("  a.md: ")[2]
    assert written.startswith("|")
    assert [line.removeprefix("    ") for line in written.split("\n")[1:]][: text.count("\n") + 1] == text.split("\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# A\n\ntext\n", "|\n    # A\n\n    text\n"),
        ("no end", "|-\n    no end\n"),
        ("two ends\n\n", "|+\n    two ends\n\n"),
        ("  indented\n", "|2\n      indented\n"),
        ("", '""\n'),
        ("\n", '"\\n"\n'),
        ("line\r\n", '"line\\r\\n"\n'),
        ("bell\a\n", '"bell\\a\\n"\n'),
    ],
)
def test_each_end_of_a_text_has_its_form(text: str, written: str) -> None:
    assert config_map("agents", {"a.md": text}).partition("a.md: ")[2] == written


@pytest.mark.parametrize("key", ["", "a/b.md", "..data", "a b.md", "é.md", "a" * 254, "a.md\n"])
def test_a_key_that_the_api_server_would_refuse_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="expected a key of letters"):
        config_map("agents", {key: ""})


def test_more_than_a_config_map_may_hold_is_refused() -> None:
    config_map("agents", {"a.md": "é" * (LONGEST // 2)})
    with pytest.raises(ValueError, match="expected at most 1048576 bytes, found 1048577"):
        config_map("agents", {"a.md": "é" * (LONGEST // 2), "b.md": "b"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [", "expected one YAML document"),
        ("kind: ConfigMap\n---\nkind: ConfigMap\n", "expected one YAML document"),
        ("kind: Secret\n", "kind ConfigMap"),
        ("- a\n", "kind ConfigMap"),
        ("", "kind ConfigMap"),
        ("kind: ConfigMap\ndata: {a.md: 1}\n", "data: expected texts"),
        ("kind: ConfigMap\ndata: [a]\n", "data: expected texts"),
    ],
)
def test_what_is_no_config_map_of_texts_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        files_of(text)


def test_a_config_map_may_be_empty() -> None:
    assert files_of(config_map("agents", {})) == files_of("kind: ConfigMap\n") == {}


def test_a_directory_is_written_as_two_manifests_that_are_the_same_each_time(tmp_path: Path) -> None:
    config = write(tmp_path / "config", {"CLAUDE.md": "# C\n", "agents/b.md": "b\n", "agents/a.md": "a\r\n"})
    write(config, {"notes.txt": "not mounted", "agents/README": "not mounted"})
    (tmp_path / "k8s").mkdir()
    main([str(config), str(tmp_path / "k8s")])
    written = {path.name: path.read_bytes().decode() for path in (tmp_path / "k8s").iterdir()}
    assert written == manifests_of(config)
    assert files_of(written["orchestrator-configmap.yaml"]) == {"CLAUDE.md": "# C\n"}
    assert list(files_of(written["agents-configmap.yaml"]).items()) == [("a.md", "a\r\n"), ("b.md", "b\n")]


@pytest.mark.parametrize("part", ["agents", "orchestrator"])
def test_the_shipped_manifest_is_what_the_shipped_files_say(part: str) -> None:
    name = f"{part}-configmap.yaml"
    assert manifest(name) == manifests_of(config_dir())[name], "run `nox -s manifests`"


def test_the_shipped_manifests_have_the_five_files() -> None:
    assert set(files_of(manifest("orchestrator-configmap.yaml"))) == {"CLAUDE.md"}
    assert set(files_of(manifest("agents-configmap.yaml"))) == AGENTS
