"""What contributors and CI run: ``nox -s tests`` first, ``nox -l`` for the rest."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "types", "docs"]

ROOT = Path(__file__).resolve().parent
EXAMPLE = ROOT / "examples" / "k8s_monitor"
SECOND = ROOT / "examples" / "agent_sdk_runner"
# As the README installs them, and what `run --listen` needs.
BOTH = (".[cli,web]", "./examples/k8s_monitor")
PYPROJECT = nox.project.load_toml(str(ROOT / "pyproject.toml"))
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t"]
# -P keeps the working directory off sys.path: the installed package is tested and measured, not the source tree.
PYTHON = ("python", "-P")
# Half of the time of two workers on two processors is spent waiting for programs and answers. The longest tests are a
# hundred times the median.
SPREAD = ("-n", str(3 * (os.cpu_count() or 2) // 2), "--dist", "worksteal")
_OF_EXAMPLE = "examples/k8s_monitor/tests"
AWAY = (
    *(f"tests/{name}" for name in ("test_project.py", "cli", "demo", "plugins", "testing")),
    *(f"{_OF_EXAMPLE}/cli/test_{name}.py" for name in ("once", "preflight", "rehearse")),
    *(f"{_OF_EXAMPLE}/{name}" for name in ("deploy", "test_demo.py", "test_plugin.py", "test_settings.py")),
)


def group(*names: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, *names)


def measure(session: nox.Session) -> None:
    # Some tests start programs that may write no bytecode: uv, unlike pip, would leave them to compile all of it.
    session.install(*BOTH, *group("tests"), env={"UV_COMPILE_BYTECODE": "1"})
    session.run(*PYTHON, "-m", "coverage", "erase")
    # Coverage starts pytest, not the reverse: pytest imports the package's own plugin before any test.
    session.run(*PYTHON, "-m", "coverage", "run", "-m", "pytest", *SPREAD, *session.posargs)
    session.run(*PYTHON, "-m", "coverage", "combine", "--quiet")
    # A part of the tests, or a system without inotify, cannot reach the gate; the `coverage` session joins the systems.
    gate = () if sys.platform == "linux" and not session.posargs else ("--fail-under=0",)
    session.run(*PYTHON, "-m", "coverage", "report", *gate)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with this interpreter; arguments after ``--`` go to pytest."""
    measure(session)


@nox.session(python=PYTHONS, default=False)
def tests_all(session: nox.Session) -> None:
    """Run the tests with every supported Python that is installed."""
    measure(session)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Join the data files of several machines, if there are any, and report on all of it (htmlcov/)."""
    session.install(*group("tests"))
    if any(ROOT.glob(".coverage.*")):
        session.run("coverage", "combine", "--append")
    session.run("coverage", "html", "--fail-under=0")
    session.run("coverage", "report")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and layers."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", env={"PYTHONPATH": str(EXAMPLE)})
    session.run("hadolint", str(EXAMPLE / "Dockerfile"))
    session.run("check-toml", *(str(place / "pyproject.toml") for place in (ROOT, EXAMPLE, SECOND)))
    pages = [*ROOT.glob(".github/**/*.yml"), *EXAMPLE.glob("k8s/**/*.yaml")]
    session.run("check-yaml", "--allow-multiple-documents", *(str(path) for path in sorted(pages)))


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the tree, then those of each example against the installed package."""
    session.install(*BOTH, *group("types", "tests", "bench"), f"nox{nox.needs_version}")
    session.run("mypy")
    for example, package in ((EXAMPLE, "hotagents_k8s_monitor"), (SECOND, "hotagents_agent_sdk_runner")):
        check_example(session, example, package)


def check_example(session: nox.Session, example: Path, package: str) -> None:
    with tempfile.TemporaryDirectory() as room:
        for name in (package, "tests"):
            shutil.copytree(example / name, Path(room, name))
        with session.chdir(room):
            settings = f"--config-file={ROOT / 'pyproject.toml'}"
            session.run("mypy", settings, "--cache-dir=cache", package, "tests")


@nox.session
def docs(session: nox.Session) -> None:
    """Run every block of code in README.md and docs/."""
    session.install(*BOTH, *group("tests"))
    session.run(*PYTHON, "-m", "pytest", *SPREAD, "tests/test_docs.py", *session.posargs)


@nox.session(default=False)
def adapters(session: nox.Session) -> None:
    """Run the adapters, their examples and the runner on one of them: real agent SDKs, models on the loopback."""
    session.install(".", str(SECOND), *group("tests", "sdk"))
    session.run(*PYTHON, "-m", "pytest", "tests/adapters", "examples/agent_sdk_runner/tests", *session.posargs)


@nox.session(default=False)
def manifests(session: nox.Session) -> None:
    """Write the example's ConfigMaps anew from its config/."""
    session.install(".")
    arguments = (str(EXAMPLE / "config"), str(EXAMPLE / "k8s"))
    session.run(*PYTHON, "-m", "hotagents_k8s_monitor.manifests", *arguments, env={"PYTHONPATH": str(EXAMPLE)})


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build into dist/, install the wheels in a fresh environment and run the tests away from the source tree."""
    session.install("build", "twine")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        room = Path(name).resolve()
        core = build(session, ROOT, ROOT / "dist")
        check_contents(session, core, "hotagents")
        # Not into dist/, which is released: users of the example build an image from the tree.
        example = build(session, EXAMPLE, room / "dist")
        check_contents(session, example, "hotagents_k8s_monitor", *shipped())
        with session.chdir(room):
            try_wheels(session, core, example, room)


def build(session: nox.Session, source: Path, target: Path) -> Path:
    """Build both distributions, the wheel from what the source distribution holds."""
    session.run("python", "-m", "build", "--outdir", str(target), str(source))
    session.run("twine", "check", "--strict", *(str(path) for path in sorted(target.iterdir())))
    (wheel,) = target.glob("*.whl")
    return wheel


def shipped() -> list[str]:
    paths = [path for name in ("config", "k8s") for path in (EXAMPLE / name).rglob("*") if path.is_file()]
    return [f"hotagents_k8s_monitor/shipped/{path.relative_to(EXAMPLE).as_posix()}" for path in paths]


def check_contents(session: nox.Session, wheel: Path, package: str, *wanted: str) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    if missing := {f"{package}/py.typed", *wanted} - set(names):
        session.error(f"{wheel.name} lacks {sorted(missing)}")
    tops = {name.split("/")[0] for name in names}
    if strangers := {top for top in tops if top != package and not top.startswith(f"{package}-")}:
        session.error(f"{wheel.name} would install more than the package: {sorted(strangers)}")
    if not any(name.endswith("licenses/LICENSE") for name in names):
        session.error(f"{wheel.name} has no licence text")


def try_wheels(session: nox.Session, core: Path, example: Path, room: Path) -> None:
    # An environment of its own: build and twine bring libraries that would hide a missing dependency.
    session.run("python", "-m", "venv", str(room / "venv"))
    scripts = room / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python = (str(scripts / "python"), "-P")
    session.run(*python, "-m", "pip", "install", "--quiet", str(core), external=True)
    place = session.run(*python, "-c", "import hotagents; print(hotagents.__file__)", external=True, silent=True)
    if not Path(str(place).strip()).resolve().is_relative_to(room):
        session.error(f"imported {place}, not the wheel")
    session.run(*python, "-m", "pip", "install", "--quiet", f"{core}[cli,web]", str(example), external=True)
    session.run(str(scripts / "hotagents"), "--help", external=True)
    session.run(str(scripts / "k8s-monitor"), "--help", external=True)
    session.run(*python, "-m", "pip", "install", "--quiet", *group("tests"), external=True)
    for tests in ("tests", "examples/k8s_monitor/tests"):
        shutil.copytree(ROOT / tests, room / tests, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", room)
    # The whole suite ran against the installed packages in `tests`; here what could be missing from a wheel.
    away = session.posargs or AWAY
    session.run(*python, "-m", "pytest", "-q", *SPREAD, *away, external=True)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Tell the library's own story, for people and for programs."""
    session.install(*BOTH)
    with tempfile.TemporaryDirectory() as room, session.chdir(room):
        session.run("hotagents", "demo")
        session.run("hotagents", "demo", "--json")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure all beside floors and peers, into docs/performance/ (half an hour); ``-- --quick`` only prints."""
    session.install(".[cli]", *group("bench"))
    session.run(*PYTHON, "tests/benchmarks/run.py", *(session.posargs or ("--check", "--write", "docs/performance")))


@nox.session(default=False)
def stress(session: nox.Session) -> None:
    """Run long races and storms, each for HOTAGENTS_STRESS_SECONDS (20 unless set)."""
    session.install(*BOTH, *group("tests"))
    seconds = os.environ.get("HOTAGENTS_STRESS_SECONDS", "20")
    session.run(
        *PYTHON, "-m", "pytest", "-m", "stress", "--timeout=600", *session.posargs,
        env={"HOTAGENTS_STRESS_SECONDS": seconds},
    )  # fmt: skip


@nox.session(default=False)
def rules(session: nox.Session) -> None:
    """Test the alerts with promtool: the one on PATH, or else that of Debian's package prometheus."""
    session.install(*BOTH, *group("tests"))
    with tempfile.TemporaryDirectory() as room:
        tool = shutil.which("promtool") or unpacked(session, "prometheus", "usr/bin/promtool", Path(room))
        if tool is None:
            session.skip("there is no promtool, and apt-get cannot get Debian's package prometheus here")
        path = os.pathsep.join([str(Path(tool).parent), os.environ["PATH"]])
        session.run(*PYTHON, "-m", "pytest", "-q", "tests/ops/test_rules.py", env={"PATH": path})


def unpacked(session: nox.Session, package: str, file: str, room: Path) -> str | None:
    """Return a file of a Debian package, which is unpacked and not installed; None where that cannot be done."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    with session.chdir(room):
        codes = (0, 100)  # 100: no such package, or no way to it
        session.run("apt-get", "download", "-qq", package, external=True, success_codes=codes)
        for archive in room.glob("*.deb"):
            session.run("dpkg", "-x", str(archive), str(room / "x"), external=True)
    found = room / "x" / file
    return str(found) if found.is_file() else None


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Read arbitrary bytes for HOTAGENTS_FUZZ_SECONDS (60 unless set); what breaks a reader is kept in build/fuzz/."""
    # No group of the project's: there are wheels for Linux alone, and not for every Python.
    session.install(".", "--only-binary=atheris", "atheris>=2.3")
    seconds = os.environ.get("HOTAGENTS_FUZZ_SECONDS", "60")
    kept = ROOT / "build" / "fuzz"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as learnt:
        session.run(
            *PYTHON, "tests/proof/fuzz.py", learnt, "tests/proof/corpus", f"-artifact_prefix={kept}/",
            f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", *session.posargs,
        )  # fmt: skip
