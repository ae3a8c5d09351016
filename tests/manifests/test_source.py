"""Manifests as a source: read when they are quiet, told apart by their state, served by a registry."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from hotagents import ConfigRegistry, InvalidConfigError, Manifests, Source, SourceError, UnsettledError
from hotagents.sources import read_settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., str]

AGENT = "---\nname: triage\ndescription: Sorts alerts.\n---\n{}\n"


@pytest.fixture
def path(tmp_path: Path, manifest: Make) -> Path:
    path = tmp_path / "cm.yaml"
    path.write_text(manifest("ConfigMap", "one", data={"triage.md": AGENT.format("Sort.")}) + "\n")
    return path


def test_it_is_a_source(path: Path) -> None:
    assert isinstance(Manifests(path), Source)


def test_a_file_that_has_just_changed_is_not_read_yet(path: Path) -> None:
    path.write_text(path.read_text())
    with pytest.raises(UnsettledError):
        Manifests(path).read()
    assert list(read_settled(Manifests(path)).files) == ["triage.md"]


def test_a_file_that_changes_while_it_is_read_is_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Manifests(path)
    read_settled(source)
    tokens = iter([source.token(), source.token(), "another"])
    monkeypatch.setattr("hotagents.manifests.files.Files.token", lambda _: next(tokens))
    with pytest.raises(UnsettledError, match="changed while reading"):
        source.read()


def test_the_token_is_another_after_a_change_and_the_snapshot_has_it(path: Path) -> None:
    source = Manifests(path)
    token = source.token()
    assert read_settled(source).token == token
    path.write_text(path.read_text() + "\n")
    assert source.token() != token
    path.unlink()
    assert source.token() != token


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x.yaml")
    with pytest.raises(SourceError, match="expected a regular file"):
        read_settled(Manifests(tmp_path / "x.yaml"))


@pytest.mark.parametrize("name", ["gone.yaml", "cm.yaml/x", "\0"])
def test_what_is_not_there_is_one_clear_error(path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"no such file|cannot be read"):
        read_settled(Manifests(path.parent / name))


def test_no_more_is_read_than_the_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotagents.manifests.files._LONGEST", 200)
    assert read_settled(Manifests(path)).files
    other = path.with_name("other.yaml")
    other.write_text("#" * 100)
    with pytest.raises(SourceError, match=r"other.yaml: manifests of more than"):
        read_settled(Manifests([path, other]))


def test_standard_input_is_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    source = Manifests(["-", "-"])
    first = source.read()
    assert list(first.files) == ["triage.md"]
    assert source.read().digest == first.digest
    assert source.token() == ()
    watcher = source.watcher()
    assert (watcher.mode, watcher.wait(0)) == ("memory", "timeout")
    watcher.close()


def test_standard_input_that_is_closed_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="-: cannot be read"):
        Manifests("-").read()


def test_several_texts_are_told_apart(manifest: Make) -> None:
    texts = [manifest("ConfigMap", name, data={f"{name}/": "x"}) + "\n" for name in ("a", "b")]
    assert [d.path for d in Manifests(texts).read().diagnostics] == ["(text)", "(text 2)"]


def test_no_manifest_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Manifests([])


def test_a_registry_serves_what_manifests_say_and_follows_them(path: Path) -> None:
    with ConfigRegistry(Manifests(path)) as registry:
        assert registry.status.watch_mode == "polling"
        path.write_text(path.read_text().replace("Sort.", "Sort by urgency."))
        generation = registry.wait_for(lambda g: g.number == 2, timeout=10)
        assert generation.agents["triage"].prompt == "Sort by urgency.\n"


def test_a_registry_refuses_manifests_with_an_error_at_their_place(path: Path, manifest: Make) -> None:
    path.write_text(manifest("ConfigMap", "one", data={"triage.md": AGENT, "a/b": "x"}) + "\n")
    with pytest.raises(InvalidConfigError, match=r"cm.yaml:1:\d+: configmap-key: "), ConfigRegistry(Manifests(path)):
        pass
