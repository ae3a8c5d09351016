from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]


def test_a_good_set_is_listed_with_its_digest(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update(
        {
            "fix.md": agent("fix", "d" * 100, more="model: opus\ndisallowedTools: Bash\n"),
            "mute.md": agent("mute", more="tools: []\n"),
            "CLAUDE.md": "Be kind.\n",
            "data.json": "{}",
        }
    )
    result = cli("show", volume.path)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["AGENT", "MODEL", "TOOLS", "PATH", "DESCRIPTION"]
    assert ["fix", "opus", "all", "except", "Bash", "fix.md", "d" * 60 + "…"] in lines
    assert ["mute", "inherit", "none", "mute.md", "text"] in lines
    assert ["triage", "inherit", "Read,", "Grep", "triage.md", "text"] in lines
    assert ["data.json", "2", "bytes"] in lines
    digest = cli("digest", volume.path).stdout.strip()
    assert [".", "volume", digest[:19], volume.payload, "3", "agents"] in lines
    assert lines[-1] == ["digest", digest]
    assert result.exit_code == 0


def test_a_set_with_errors_is_listed_with_the_first_error_of_each_file(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.update({"bad.md": "---\nname: bad\nhooks: 3\n---\n"})
    result = cli("show", volume.path)
    assert "triage" in result.stdout
    assert result.stdout.count("not served: bad.md:") == 1
    assert result.stdout.endswith("a registry refuses this set: 1 path with errors\n")
    assert result.exit_code == 1


def test_a_plain_directory_has_no_payload(cli: Cli, tmp_path: Path, agent: Agent) -> None:
    (tmp_path / "one.md").write_text(agent("one"))
    digest = cli("digest", tmp_path).stdout[:19]
    rows = [line.split() for line in cli("show", tmp_path).stdout.splitlines()]
    assert [".", "directory", digest, "-", "1", "agent"] in rows


def test_json_tells_what_is_served_and_what_not(cli: Cli, volume: ConfigMapVolume) -> None:
    facts = json.loads(cli("show", "--json", volume.path).stdout)
    assert (facts["served"], facts["not_served"], list(facts["agents"])) == (True, [], ["triage"])
    assert facts["volumes"]["."]["payload"] == volume.payload
    assert "number" not in facts
    volume.update({"bad.md": "---\nname: bad\n---\n"})
    facts = json.loads(cli("show", "--json", volume.path).stdout)
    assert facts["served"] is False
    assert [(d["path"], d["code"]) for d in facts["not_served"]] == [("bad.md", "missing-description")]


def test_a_directory_that_is_missing_is_one_line(cli: Cli, tmp_path: Path) -> None:
    result = cli("show", tmp_path / "nowhere")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("hotagents: ")
    assert result.stderr.count("\n") == 1


def test_the_digest_is_the_one_that_a_registry_gives(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    from hotagents import ConfigRegistry  # noqa: PLC0415 - what it is compared with

    inner = volume.nested("skills")
    inner.write({"extra.md": agent("extra")})
    with ConfigRegistry(volume.path) as registry:
        generation = registry.current
    assert cli("digest", volume.path).stdout == generation.digest + "\n"
    parts = {name: state.digest for name, state in generation.volumes.items()}
    assert len(parts) == 2
    lines = cli("digest", "--volumes", volume.path).stdout.splitlines()
    assert lines == [generation.digest, *(f"{digest}  {name}" for name, digest in parts.items())]
    assert json.loads(cli("digest", "--json", volume.path).stdout) == {"digest": generation.digest}
    facts = json.loads(cli("digest", "--json", "--volumes", volume.path).stdout)
    assert facts == {"digest": generation.digest, "volumes": parts}


def test_a_set_that_is_refused_has_a_digest_all_the_same(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.write({"bad.md": "---\nname: bad\n---\n"})
    result = cli("digest", volume.path)
    assert result.stdout.startswith("sha256:")
    assert result.exit_code == 0


def test_bytes_that_cannot_be_part_of_a_set_leave_it_without_a_digest(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.update({"huge.bin": b"x" * (1024 * 1024 + 1)})
    result = cli("digest", volume.path)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith("hotagents: huge.bin: too-large: ")
