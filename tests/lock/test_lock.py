"""A lock as text: read, written, and refused with the place of what is wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import ConfigRegistry, Lock
from hotagents.snapshot import can_be_listed, content_hash, digest_of, is_lock

PATH: Final = "hotagents.lock"
FIRST: Final = "# hotagents.lock 1\n"
ONE: Final = "1" * 64
TWO: Final = "2" * 64
PAGES: Final = [
    page
    for name in ("reference/format.md", "how-to/mount-in-kubernetes.md")
    if (page := Path(__file__).parents[2] / "docs" / name).is_file()
]
SHA256SUM: Final = shutil.which("sha256sum")


def parsed(text: str | bytes) -> Lock:
    lock, diagnostics = Lock.parse(PATH, text if isinstance(text, bytes) else text.encode())
    assert diagnostics == ()
    assert lock is not None
    return lock


def faults(text: str | bytes) -> list[str]:
    lock, diagnostics = Lock.parse(PATH, text if isinstance(text, bytes) else text.encode())
    assert lock is None
    assert {(d.code, d.severity) for d in diagnostics} == {("lock-syntax", "error")}
    return [str(d) for d in diagnostics]


def test_a_lock_is_read_with_what_it_says_of_itself() -> None:
    lock = parsed(
        f"{FIRST}# release: 1.4.2 \n#commit:9fceb02\n# by hand: no\n{TWO}  b.md\n# a note\n{ONE}  agents/a b.md\n"
    )
    assert (lock.path, lock.release, lock.commit) == (PATH, "1.4.2", "9fceb02")
    assert dict(lock.entries) == {"agents/a b.md": ONE, "b.md": TWO}
    assert list(lock.entries) == ["agents/a b.md", "b.md"]
    assert lock.digest == digest_of(lock.entries)
    assert lock.named == ", release 1.4.2, commit 9fceb02"
    facts = {"path": PATH, "release": "1.4.2", "commit": "9fceb02", "digest": lock.digest}
    assert json.loads(json.dumps(lock.to_dict())) == facts
    assert repr(lock) == f"<Lock hotagents.lock {lock.digest[:19]}, release 1.4.2, commit 9fceb02>"


def test_nothing_has_to_be_said_beside_the_first_line() -> None:
    lock = parsed(FIRST)
    assert (lock.release, lock.commit, lock.named, dict(lock.entries)) == ("", "", "", {})
    assert parsed(f"{FIRST}# release: 1\n# release: 2\n").release == "1"
    assert parsed(FIRST.encode() + b"# release: \xff\x1b[2J\n").release == "\\udcff\\x1b[2J"


def test_the_first_line_names_the_format_and_its_version() -> None:
    for text in (
        "",
        f"{ONE}  a.md\n",
        "#hotagents.lock 1\n",
        "# hotagents.lock 1 \n\r",
        "\ufeff" + FIRST,
        "\n" + FIRST,
    ):
        [fault] = faults(text)
        assert fault.startswith("hotagents.lock:1:")
    [fault] = faults("# hotagents.lock 2\n?\n")
    assert fault.startswith('hotagents.lock:1:18: lock-syntax: expected version 1, got "2"; ')
    assert 'expected "# hotagents.lock 1" alone on line 1, got "x"' in faults("x\n")[0]


@pytest.mark.parametrize("text", [FIRST[:-1], f"{FIRST}{ONE}  a.m", f"{FIRST}{ONE}  a.md\n# rel", f"{FIRST}1"])
def test_a_lock_that_is_cut_is_no_lock(text: str) -> None:
    [fault] = faults(text)
    line = text.count("\n") + 1
    assert fault.startswith(f"hotagents.lock:{line}: lock-syntax: expected a newline at the end of the last line")


@pytest.mark.parametrize(
    "line",
    ["", " ", "x", f"{ONE} a.md", f"{ONE} *a.md", f"{ONE}  ", f"{'A' * 64}  a.md", f"{ONE[1:]}  a.md", f" {ONE}  a.md"],
)
def test_a_line_that_is_no_digest_line_is_named(line: str) -> None:
    [fault] = faults(f"{FIRST}{TWO}  b.md\n{line}\n")
    assert fault.startswith("hotagents.lock:3:1: lock-syntax: expected 64 lower-case hex digits, two blanks and a path")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/app/a.md", "expected a path below the root"),
        ("../a.md", "expected a path below the root"),
        ("a/../b.md", "expected a path below the root"),
        ("..data/a.md", "expected a path below the root"),
        ("./a.md", "expected a path below the root"),
        ("a//b.md", "expected a path below the root"),
        ("agents/", "expected a path below the root"),
        ("b.md", 'expected each path once, got "b.md" again'),
        ("hotagents.lock", "expected no hotagents.lock in the list"),
        ("agents/hotagents.lock", "expected no hotagents.lock in the list"),
        ("a\\b.md", "expected a path in UTF-8 without newline, carriage return or backslash"),
        ("a.md\r", "expected a path in UTF-8 without newline, carriage return or backslash"),
    ],
)
def test_a_path_that_no_set_can_have_is_named(path: str, message: str) -> None:
    [fault] = faults(f"{FIRST}{TWO}  b.md\n{ONE}  {path}\n")
    assert fault.startswith(f"hotagents.lock:3:67: lock-syntax: {message}")
    assert fault.isprintable()


def test_a_path_that_is_not_utf_8_is_named() -> None:
    [fault] = faults(FIRST.encode() + f"{ONE}  ".encode() + b"\xe9.md\n")
    assert fault.startswith("hotagents.lock:2:67: lock-syntax: expected a path in UTF-8")


def test_only_the_first_faults_of_a_file_are_named() -> None:
    assert len(faults(FIRST + "\n" * 100_000)) == 10


def test_what_a_lock_says_of_itself_is_one_safe_short_line() -> None:
    lock = Lock(path=PATH, release="1\n# commit: forged\x1b[2J" + "x" * 1000, commit="\x00" * 1000, entries={})
    for text in (lock.release, lock.commit):
        assert text.isprintable()
        assert len(text) == 200
    assert parsed(lock.text()) == lock


@pytest.mark.parametrize(
    ("path", "found"), [("../a", ONE), ("a\nb", ONE), ("hotagents.lock", ONE), ("a", "1"), ("a", ONE.replace("1", "A"))]
)
def test_a_lock_that_could_not_be_read_back_is_not_made(path: str, found: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Lock(path=PATH, entries={path: found})


def test_a_lock_cannot_be_changed_and_is_compared_by_what_it_says() -> None:
    entries = {"a.md": ONE}
    lock = Lock(path=PATH, entries=entries)
    entries["b.md"] = TWO
    assert dict(lock.entries) == {"a.md": ONE}
    assert lock == parsed(lock.text())
    assert len({lock, parsed(lock.text())}) == 1
    assert lock != Lock(path=PATH, release="1", entries=lock.entries)
    with pytest.raises(TypeError):
        lock.entries["x"] = ONE  # type: ignore[index]  # that it is refused is the test


def test_each_file_that_is_not_as_listed_is_named() -> None:
    lock = Lock(path=PATH, entries={"a.md": ONE, "b.md": ONE, "c.txt": ONE, "d.txt": ONE})
    hashes = {"a.md": ONE, "b.md": TWO, "d.txt": TWO, "e.md": ONE, "f.txt": ONE}
    assert [f"{d.path} {d.message}" for d in lock.differences(hashes, ["a.md", "b.md", "e.md"])] == [
        "b.md differs from hotagents.lock",
        "c.txt is missing, and listed in hotagents.lock",
        "d.txt differs from hotagents.lock",
        "e.md is not listed in hotagents.lock",
    ]


lines = st.one_of(
    st.binary(max_size=90),
    st.sampled_from(
        [b"# hotagents.lock 1", b"# release: 1", b"", f"{ONE}  a.md".encode(), f"{TWO}  ../b".encode(), ONE.encode()]
    ),
)
files = st.one_of(
    st.binary(max_size=300),
    st.lists(lines, max_size=8).map(lambda parts: FIRST.encode() + b"".join(part + b"\n" for part in parts)),
)


@given(files)
def test_any_bytes_are_a_lock_or_are_refused_with_reasons(content: bytes) -> None:
    lock, diagnostics = Lock.parse(PATH, content)
    assert (lock is None) is bool(diagnostics)
    assert len(diagnostics) <= 10
    assert all(str(d).isprintable() and 0 < d.line <= content.count(b"\n") + 1 for d in diagnostics)
    if lock is not None:
        assert lock.release.isprintable()
        assert len(lock.release) <= 200
        assert parsed(lock.text()) == lock


paths = st.lists(
    st.text(st.characters(exclude_characters="/\n", codec=None), min_size=1, max_size=8), min_size=1, max_size=3
).map("/".join)
hashes = st.binary(max_size=4).map(content_hash)


@given(st.dictionaries(paths, hashes, max_size=5), st.text(max_size=300), st.text(max_size=300))
def test_a_lock_that_can_be_made_is_read_back_as_it_was(entries: dict[str, str], release: str, commit: str) -> None:
    fit = all(
        can_be_listed(path)
        and not is_lock(path)
        and not any(name == "." or name.startswith("..") for name in path.split("/"))
        for path in entries
    )
    if not fit:
        with pytest.raises(ValueError, match="expected"):
            Lock(path=PATH, entries=entries)
        return
    lock = Lock(path=PATH, release=release, commit=commit, entries=entries)
    assert parsed(lock.text()) == lock
    written = "".join(line + "\n" for line in lock.text().split("\n")[:-1] if not line.startswith("#"))
    assert lock.digest == "sha256:" + sha256(written.encode()).hexdigest()


@pytest.mark.skipif(SHA256SUM is None, reason="needs sha256sum")
def test_sha256sum_understands_a_lock(tmp_path: Path) -> None:
    contents = {"CLAUDE.md": "context", "agents/é a.md": "---\n", "agents/-x.md": "", "data.bin": "\x00"}
    for path, text in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    entries = {path: content_hash(text.encode()) for path, text in contents.items()}
    lock = Lock(path=PATH, release="1.4.2", commit="9fceb02", entries=entries)
    (tmp_path / PATH).write_bytes(lock.text().encode())

    def check() -> subprocess.CompletedProcess[str]:
        command = [str(SHA256SUM), "-c", "--strict", PATH]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)

    done = check()
    assert (done.returncode, done.stderr, done.stdout.count("OK")) == (0, "", 4)
    (tmp_path / "CLAUDE.md").write_text("other")
    assert check().returncode == 1


@pytest.mark.skipif(
    sys.platform != "linux" or not all(map(shutil.which, ("bash", "find", "sort", "xargs", "sha256sum"))),
    reason="needs GNU find and coreutils",
)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_command_in_the_documentation_writes_a_lock(page: Path, tmp_path: Path) -> None:
    found = re.search(
        r"^{ echo '# hotagents.lock 1';.*?^} > hotagents.lock$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    for path in ("CLAUDE.md", "agents/a b.md", "agents/-x.md", "data.bin", ".git/HEAD"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"---\nname: a{len(path)}\ndescription: x\n---\n")
    (tmp_path / "hotagents.lock").write_text("an old one")
    command = found[0].replace("$(git rev-parse HEAD)", "0123abc")
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=30)
    with ConfigRegistry(tmp_path) as registry:
        lock = registry.current.lock
        assert lock is not None
        assert lock.release == "1.4.2"
        assert lock.digest == registry.current.digest
