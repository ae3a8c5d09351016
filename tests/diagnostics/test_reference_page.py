"""Every code has its section on the reference page: what is bad, what is printed, and what is good; all of it true.

A section that has a file shows it bad, then the line, then good. What no single file shows is acted out here, twice: as
the section has it, and put right.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

from hotagents import (
    AgentSpec,
    Ceiling,
    ConfigRegistry,
    Diagnostic,
    InvalidConfigError,
    Limits,
    Lock,
    Manifests,
    hookimpl,
)
from hotagents.diagnostics import CODES, order
from hotagents.fields import agent_from
from hotagents.frontmatter import parse
from hotagents.loading import Schema, load
from hotagents.plugins import load_plugins
from hotagents.remedy import edit_of
from hotagents.snapshot import Part, Snapshot
from hotagents.sources import Memory, Tree, read_settled, source_from
from hotagents.sources.footing import Ground, subpaths
from hotagents.sources.mounts import parse as mounts_of
from hotagents.sources.reading import Reading
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "diagnostics.md"
pytestmark = [
    pytest.mark.skipif(not PAGE.is_file(), reason="no checkout: docs/ is not beside the tests"),
    pytest.mark.skipif(sys.platform == "win32", reason="the page shows POSIX paths"),
]
_FLAGS: Final = re.MULTILINE | re.DOTALL
_BLOCK: Final = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", _FLAGS)


class Section(NamedTuple):
    text: str
    file: str
    bad: str
    printed: str
    good: str


def sections() -> dict[str, Section]:
    if not PAGE.is_file():
        return {}
    found: dict[str, Section] = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        if part.startswith("`"):
            blocks = list(_BLOCK.finditer(part))
            file = blocks[0]["file"] or "" if blocks else ""
            texts = [block["text"] for block in blocks] + [""] * 3
            bad, printed, good = texts[:3] if file else ("", *texts[:2])
            found[part.split("`")[1]] = Section(part, file, bad, printed.removesuffix("\n"), good)
    return found


SECTIONS: Final = sections()
WITH_A_FILE: Final = sorted(code for code, section in SECTIONS.items() if section.file.startswith("bad/"))
WITH_A_MANIFEST: Final = sorted(code for code, section in SECTIONS.items() if section.file.startswith("bad-manifests/"))


def agrees(shown: str, printed: str) -> bool:
    """Whether a line is what the page shows, in which ``…`` stands for anything."""
    return re.fullmatch(re.escape(shown).replace("…", ".*"), printed) is not None


def of_files(files: Mapping[str, str | bytes], *, schema: Schema[Any] | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with files, given by their names without ``.md``."""
    memory = Memory({f"{name}.md": text for name, text in files.items()})
    return load(read_settled(memory), schema or Schema(AgentSpec)).diagnostics


def of_set(files: dict[str, str], **options: Any) -> tuple[Diagnostic, ...]:
    """What a registry says of a set at its start."""
    try:
        with ConfigRegistry(Memory(files), **options) as registry:
            return registry.current.diagnostics
    except InvalidConfigError as error:
        return error.diagnostics


def agent(name: str, more: str = "") -> str:
    return f"---\nname: {name}\ndescription: Use when an alert fires.\n{more}---\n"


# --- what no single file shows: as the section has it, or put right ------------------------------------------------
def bad_path(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    part = Part(name=".", prefix="", kind="memory", location="", payload="", files={"b.md" if good else "a\nb.md": b""})
    return Snapshot.of([part]).diagnostics


def beyond_ceiling(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    tools = "tools: Read\n" if good else "tools: Read, Bash\n"
    return of_files(
        {"triage": agent("triage", tools)}, schema=Schema(AgentSpec, ceiling=Ceiling(tools=["Read", "Grep"]))
    )


def configmap_too_large(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    values = f"  a: {'x' * 1048000}\n  b: {'x' * (576 + (not good))}\n"
    (here / "cm.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: agents\ndata:\n{values}")
    return read_settled(Manifests("cm.yaml")).diagnostics


def control_character(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_files({"triage": f"---\nname: triage\ndescription: Use this{'' if good else chr(27)}.\n---\n"})


def duplicate_name(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_files({"a": agent("triage"), "b": agent("fix" if good else "triage")})


def duplicate_path(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    paths = [here / "app" / "a", here / "app" / "b"]
    for path in paths:
        path.mkdir(parents=True)
        (path / "triage.md").write_text(agent(f"triage-{path.name}"))
    source = {path.name: str(path) for path in paths} if good else [str(path) for path in paths]
    return read_settled(source_from(source, limits=Limits())).diagnostics


def empty_set(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_set({}, allow_empty=good)


def encoding(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_files({"triage": agent("triage").encode("utf-8" if good else "utf-16")})


def held(here: Path, *, policy: Any, good: bool) -> Iterable[Diagnostic]:
    outer = ConfigMapVolume(here / "mount")
    outer.write({"CLAUDE.md": "x"})
    volume = outer.nested("agents")
    volume.write({"a.md": agent("a"), "b.md": agent("b")})
    with ConfigRegistry(outer.path, on_invalid=policy, resync_interval=3600) as registry:
        volume.write({"a.md": agent("a", "tools: Read\n" if good else 'tools: "Read\n'), "b.md": agent("b")})
        outer.write({"CLAUDE.md": "y"})
        registry.reload()
        registry.wait_for(lambda now: now.documents["CLAUDE.md"].body == "y", timeout=20)
        return registry.current.diagnostics


def frontmatter_too_deep(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_files({"frontmatter-too-deep": agent("a", "a: []\n" if good else f"a: {'[' * 64}{']' * 64}\n")})


def frontmatter_too_large(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    text = "x" * (100 if good else 70000)
    return of_files({"triage": f"---\nname: triage\ndescription: {text}\n---\n"})


def invalid_bytes(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return of_files({"triage": agent("triage").encode() + (b"\ncaf\xc3\xa9\n" if good else b"\ncaf\xe9\n")})


class Analyst(AgentSpec):
    clusters: tuple[str, ...]


def invalid_field(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    bad = "---\nname: analyst\ndescription: Use when an alert fires.\n---\nFind out what broke.\n"
    return of_files({"analyst": _good_of("invalid-field") if good else bad}, schema=Schema(Analyst))


def last_good_from_disk(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    mount = here / "mount" / "agents"
    mount.mkdir(parents=True)
    options: dict[str, Any] = {"state_dir": here / "state", "on_start_invalid": "last-good", "resync_interval": 3600}
    (mount / "triage.md").write_text(agent("triage"))
    with ConfigRegistry(here / "mount", **options) as registry:
        registry.confirm(registry.current)
    (mount / "triage.md").write_text(agent("triage") if good else "---\nname: triage\n---\n")
    with ConfigRegistry(here / "mount", **options) as registry:
        return registry.current.diagnostics


def lock_mismatch(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    files = {"agents/triage.md": agent("triage")}
    lock = Lock.of({path: text.encode() for path, text in files.items()}).text()
    edited = files if good else {"agents/triage.md": agent("triage", "model: opus\n")}
    candidate = load(read_settled(Memory(edited | {"hotagents.lock": lock})), Schema(AgentSpec))
    return (*candidate.mismatches, *candidate.diagnostics)


def lock_misplaced(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    files = {"a.md": agent("a")} | ({} if good else {"sub/hotagents.lock": "x"})
    return load(read_settled(Memory(files)), Schema(AgentSpec)).diagnostics


def lock_syntax(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    section = SECTIONS["lock-syntax"]
    return Lock.parse("hotagents.lock", (section.good if good else section.bad).encode())[1]


def manifest_too_large(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    lines = ["a: &a [" + "x, " * 100 + "x]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{last}'] * 100)}]" for last, name in ("ab", "bc", "cd", "de")]
    small = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: agents}\ndata: {a.md: x}"
    (here / "bomb.yaml").write_text(small if good else "\n".join(lines))
    return read_settled(Manifests("bomb.yaml")).diagnostics


def missing_document(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    files = {"CLAUDE": "Be kind."} if good else {}
    return of_files(dict(a=agent("a"), **files), schema=Schema(AgentSpec, {"CLAUDE.md": None}))


def missing_name(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    page = parse("triage.md", f"---\n{'name: my-agent' if good else 'x-y: z'}\ndescription: x\n---\n".encode())
    return [d for d in agent_from(page, spec=AgentSpec, digest="")[1] if d.code != "unknown-key"]


def names_differ_in_case(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    found = of_files({"a": agent("triage"), "b": agent("fix" if good else "Triage")})
    return [d for d in found if d.code != "name-style"]


def mount_in_content(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    problems: list[Diagnostic] = []
    if not good:
        Reading(Limits(), problems, "").mounted_inside("agents")
    return problems


def not_a_regular_file(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    (here / "agents").mkdir()
    (here / "shared.md").write_text(agent("triage"))
    if good:
        (here / "agents" / "secret.md").write_text(agent("triage"))
    else:
        (here / "agents" / "secret.md").symlink_to("../shared.md")
    return read_settled(Tree(here / "agents")).diagnostics


class HouseRules:
    def __init__(self, words: str, *, refuses: bool) -> None:
        self.words = words
        self.refuses = refuses

    @hookimpl
    def hotagents_validate(self, report: Any) -> None:
        if self.refuses:
            report.error(self.words, path="triage.md")
        elif self.words:
            report.warning(self.words)


def ruled(words: str, *, refuses: bool) -> Iterable[Diagnostic]:
    plugins = load_plugins(from_entry_points=False, plugins={"house-rules": HouseRules(words, refuses=refuses)})
    return of_set({"triage.md": agent("triage")}, plugins=plugins)


def plugin_warning(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return ruled("" if good else "no agent may use opus on Fridays", refuses=False)


def rejected_by_plugin(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    return ruled("" if good else "agents need an owner", refuses=not good)


def subpath_mount(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    row = "{} {} 0:{} {} {} ro,relatime - ext4 /dev/sda rw\n"
    root = "/..2026_11_04_09_10_11.42/triage.md"
    table = row.format(1, 0, 1, "/", "/") + ("" if good else row.format(2, 1, 2, root, "/app/triage.md"))
    part = Part(
        name="agents", prefix="agents/", kind="directory", location="/app", payload="", files={"triage.md": b""}
    )
    return subpaths(mounts_of(table), [Ground("/app", part)])


def too_deep(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    (here / "root" / ("d/" * (3 if good else 34))).mkdir(parents=True)
    return read_settled(Tree(here / "root")).diagnostics


def too_large(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    (here / "root").mkdir()
    (here / "root" / "dump.json").write_bytes(b"x" * (1048576 + (not good)))
    return read_settled(Tree(here / "root")).diagnostics


def too_many_files(here: Path, *, good: bool) -> Iterable[Diagnostic]:
    volume = ConfigMapVolume(here / "root")
    volume.write({f"{number}.md": "x" for number in range(2 if good else 3)})
    return read_settled(source_from(str(volume.path), limits=Limits(files=2))).diagnostics


def unexpected_agent(_: Path, *, good: bool) -> Iterable[Diagnostic]:
    schema: Schema[Any] = Schema({"analyst": AgentSpec})
    return of_files({"triage": agent("analyst" if good else "triage")}, schema=schema)


ACTED_OUT: dict[str, Callable[..., Iterable[Diagnostic]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        bad_path, beyond_ceiling, configmap_too_large, control_character, duplicate_name, duplicate_path, empty_set,
        encoding, frontmatter_too_deep, frontmatter_too_large, invalid_bytes, invalid_field,
        last_good_from_disk, lock_mismatch, lock_misplaced, lock_syntax, manifest_too_large, missing_document,
        missing_name, mount_in_content, names_differ_in_case, not_a_regular_file, plugin_warning, rejected_by_plugin,
        subpath_mount, too_deep, too_large, too_many_files, unexpected_agent,
    )
}  # fmt: skip
ACTED_OUT |= {f"{what}-held": partial(held, policy=f"hold-{what}") for what in ("file", "volume")}


def _good_of(code: str) -> str:
    *_, last = _BLOCK.finditer(SECTIONS[code].text)
    return last["text"]


# --- the tests ------------------------------------------------------------------------------------------------------
def test_there_is_one_section_for_each_code_in_order() -> None:
    assert sorted(SECTIONS) == sorted(CODES)
    assert list(SECTIONS) == sorted(SECTIONS)


def test_each_section_has_an_example_that_is_run_here() -> None:
    assert sorted({*WITH_A_FILE, *WITH_A_MANIFEST, *ACTED_OUT}) == sorted(CODES)


@pytest.mark.parametrize("code", SECTIONS)
def test_each_section_says_how_grave_it_is_and_what_to_write(code: str) -> None:
    section = SECTIONS[code]
    grave = r"\n\n\*(?:error|warning|information)\.?\*"
    assert re.search(grave, section.text), "it begins with *error.*, *warning.* or *information.*"
    said = re.search(r"^(?:Bad: .*[.,;) ]|Nothing to do)", section.text, re.MULTILINE)
    assert section.good or said, "it says what is bad and what is good, as a file or in words"
    assert f": {code}: " in section.printed, "it shows the line that is printed"


@pytest.mark.parametrize("code", WITH_A_FILE)
def test_the_bad_file_gives_exactly_this_code_and_the_line_that_the_page_shows(code: str) -> None:
    section = SECTIONS[code]
    assert section.file == f"bad/{code}.md"
    found = of_files({code: section.bad})
    assert [d.code for d in found] == [code]
    assert agrees(section.printed, str(found[0])), str(found[0])


@pytest.mark.parametrize("code", WITH_A_FILE)
def test_the_good_file_is_without_it_and_without_errors(code: str) -> None:
    if code != "not-an-agent":  # which is nothing bad
        found = of_files({code: SECTIONS[code].good})
        assert [d for d in found if d.code == code or d.severity == "error"] == []


@pytest.mark.parametrize("code", WITH_A_FILE)
def test_an_exact_remedy_of_the_bad_file_makes_the_code_go(code: str) -> None:
    (found,) = of_files({code: SECTIONS[code].bad})
    edit = edit_of(found, SECTIONS[code].bad)
    if edit is not None and edit.exact:
        after = of_files({code: edit.applied(SECTIONS[code].bad)})
        assert [d for d in after if d.code == code or d.severity == "error"] == []


@pytest.mark.parametrize("code", WITH_A_MANIFEST)
def test_the_bad_manifest_gives_exactly_this_code_and_the_good_one_does_not(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = SECTIONS[code]
    assert section.file == f"bad-manifests/{code}.yaml"
    monkeypatch.chdir(tmp_path)
    root = "/srv/.claude" if "kind: Pod" in section.bad else None
    Path(f"{code}.yaml").write_text(section.bad, encoding="utf-8")
    found = read_settled(Manifests(f"{code}.yaml", root=root)).diagnostics
    assert [d.code for d in found] == [code]
    assert agrees(section.printed, str(found[0])), str(found[0])
    rest = section.bad.split("---\napiVersion")[0] + "---\n" if root else ""
    Path(f"{code}.yaml").write_text(rest + section.good, encoding="utf-8")
    assert code not in [d.code for d in read_settled(Manifests(f"{code}.yaml", root=root)).diagnostics]


@pytest.mark.parametrize("code", ACTED_OUT)
def test_what_no_file_shows_gives_exactly_this_code_and_goes_when_it_is_put_right(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "bad")
    found = order(ACTED_OUT[code](tmp_path / "bad", good=False))
    assert {d.code for d in found} == {code}
    printed = str(found[0]).replace(str(tmp_path / "bad"), "")
    assert agrees(SECTIONS[code].printed, printed), printed
    monkeypatch.chdir(tmp_path / "good")
    assert code not in [d.code for d in ACTED_OUT[code](tmp_path / "good", good=True)]
