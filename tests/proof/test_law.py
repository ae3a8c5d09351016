"""One law: a right is what the ceiling AND the pinned generation AND every generation since allow, and no more.

Whatever is edited, broken, held, taken back, restarted or misspelt: nothing turns a no into a yes for whoever holds a
pin, and nothing is served that no file granted which was itself found good. What a file grants at most is told here by
the one who wrote it, not read back by the library.
"""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents import Ceiling, ConfigRegistry, InvalidConfigError, Lock, SourceError
from hotagents.authority import Rights, narrowed, widened
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotagents import AgentSpec, Generation, Pin

Question = tuple[str, "str | None"]
Policy = Literal["hold-set", "hold-volume", "hold-file"]

_TOOLS: Final = ("Read", "Grep", "Bash", "Write", "Agent", "Task", "mcp__git__log", "mcp__hub__get")
_ARGUMENTS: Final = (None, "git log", "git", "rm -rf /", "  rm\tx", "reviewer", "")
QUESTIONS: Final[tuple[Question, ...]] = tuple(product(_TOOLS, _ARGUMENTS))
NAMES: Final = ("a", "b", "c")


# --- the algebra ------------------------------------------------------------------------------------------------------

_ENTRIES: Final = (
    *("Read", "Grep", "Bash", "Write", "*", "B*", "Agent", "Task", "mcp__git", "mcp__*", "Bash(git *)", "Bash(git:*)"),
    *("Bash(rm *)", "Bash(*)", "Bash(", "Bash()", "Agent(reviewer)", "Task(reviewer, other)", "*(git *)", "(x)", ""),
)
lists = st.lists(st.sampled_from(_ENTRIES), max_size=4).map(tuple)
terms = st.builds(Rights, st.none() | lists, lists)
rights = st.recursive(terms, lambda inner: st.builds(Rights, st.none() | lists, lists, st.tuples(inner)), max_leaves=3)


def allowed(rights: Rights) -> set[Question]:
    return {question for question in QUESTIONS if rights.allows(*question)}


@given(rights, rights, rights)
def test_meeting_is_the_and_of_its_parts_in_any_order_and_grouping(a: Rights, b: Rights, c: Rights) -> None:
    both = allowed(a) & allowed(b)
    assert allowed(a.meet(b)) == allowed(b.meet(a)) == both
    assert allowed(a.meet(b).meet(c)) == allowed(a.meet(b.meet(c))) == both & allowed(c)
    assert allowed(a.meet(a)) == allowed(a)
    assert allowed(a.meet(Rights())) == allowed(a)  # all rights are the unit
    assert allowed(a.meet(Rights(()))) == set()  # and none the zero


@given(rights, rights)
def test_meeting_is_narrower_than_each_part_and_no_loss_goes_untold(a: Rights, b: Rights) -> None:
    met = a.meet(b)
    assert widened(a, met) == widened(b, met) == ()
    assert narrowed(a, met) or allowed(a) == allowed(met)
    assert narrowed(a, b) or allowed(a) <= allowed(b)


# --- what a file grants, by the one who wrote it ----------------------------------------------------------------------


def named(*tools: str) -> frozenset[Question]:
    return frozenset(question for question in QUESTIONS if question[0] in tools)


ALL: Final = frozenset(QUESTIONS)
GIT: Final = frozenset({("Bash", "git log")})


@final
class Grant(NamedTuple):
    """Lines of frontmatter, and the most that they may ever allow; None where the file must not be found good."""

    lines: str
    most: frozenset[Question] | None


GRANTS: Final = (
    Grant("", ALL),
    Grant("tools: '*'", ALL),
    Grant("tools:", frozenset()),
    Grant("tools: []", frozenset()),
    Grant("tools: 3", frozenset()),
    Grant("tools: Read", named("Read")),
    Grant("tools: Read, Grep, Bash(git *)", named("Read", "Grep") | GIT),
    Grant("tools: [Bash(git *]", frozenset()),
    Grant("tools: Task", named("Task", "Agent")),
    Grant("tools: mcp__git", named("mcp__git__log")),
    Grant("tools: Read, Bash\ndisallowedTools: Bash", named("Read")),
    Grant("disallowedTools: Bash, Write, Task", ALL - named("Bash", "Write", "Task", "Agent")),
    Grant("disallowedTools: Bash(rm *)", ALL - {("Bash", None), ("Bash", "rm -rf /"), ("Bash", "  rm\tx")}),
    # Misspelt limits, which a reader that ignores them takes for no limit at all.
    Grant("Tools: Read", named("Read")),
    Grant("tool: Read", named("Read")),
    Grant("allowed-tools: [Read, Grep]", named("Read", "Grep")),
    Grant("alowedTools: Read", named("Read")),
    Grant("tools: Read, Grep\nallowedTools: Grep, Bash", named("Read", "Grep")),
    Grant("tools: '*'\nallowedTools: Grep, Bash", named("Grep", "Bash")),
    Grant("disallowed_tools: Bash", ALL - named("Bash")),
    Grant("dissallowedTools: Bash", ALL - named("Bash")),
    Grant("tools: Read, Bash\nnotAllowedTools: Bash", named("Read")),
    # What would lose a limit is no agent at all.
    Grant("tools: Read\ntools: Bash", None),
    Grant("disallowedTools: {Bash: true}", None),
    Grant("disallowedTools: [Bash(rm]", None),
    Grant("tools: [", None),
    Grant("---\ndisallowedTools: Bash", None),
)


def page(name: str, grant: Grant, version: int) -> str:
    return f"---\nname: {name}\ndescription: version {version}\n{grant.lines}\n---\nversion {version}\n"


# --- the world --------------------------------------------------------------------------------------------------------

CEILINGS: Final = (
    (None, ALL),
    (None, ALL),
    (("Read", "Grep", "Bash(git *)"), named("Read", "Grep") | GIT),
    (("Read", "Task"), named("Read", "Task", "Agent")),
)
roots = st.sampled_from([0, 1])
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("edit"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("edit"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("edit"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("edit"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("clash"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("edit_under_a_lock"), roots, names, st.sampled_from(GRANTS)),
    st.tuples(st.just("remove"), roots, names),
    st.tuples(st.just("lock"), roots, st.booleans()),
    st.tuples(st.just("detach"), roots),
    st.tuples(st.just("rollback"), st.integers(0, 4)),
    st.tuples(st.just("resume")),
    st.tuples(st.just("pin")),
    st.tuples(st.just("confirm")),
    st.tuples(st.just("restart"), st.sampled_from(CEILINGS)),
)


@final
class World:
    """Two volumes laid over each other, the registries that ran on them one after the other, and all pins."""

    def __init__(self, home: Path, policy: Policy, ceiling: Any) -> None:
        self.home, self.policy = home, policy
        self.version = 0
        self.granted: dict[str, frozenset[Question]] = {}  # by the hash of a file that may be found good
        self.volumes = [ConfigMapVolume(home / "one"), ConfigMapVolume(home / "two")]
        self.fill()
        self.begin(ceiling)

    def fill(self) -> None:
        """Two agents, each in its root, that are good under every ceiling."""
        self.files: list[dict[str, str]] = [{}, {}]
        for root, name in enumerate("ab"):
            self.put(root, f"{name}.md", name, Grant("tools: Read", named("Read")))
        self.write()

    def begin(self, ceiling: Any) -> None:
        self.tools: tuple[str, ...] | None = ceiling[0]
        self.most: frozenset[Question] = ceiling[1]
        self.pins: list[tuple[Pin[Any], dict[tuple[str, Question], bool]]] = []
        self.registry: ConfigRegistry[Any] = ConfigRegistry(
            [volume.path for volume in self.volumes],
            ceiling=Ceiling(tools=self.tools),
            on_invalid=self.policy,
            on_start_invalid="last-good",
            state_dir=self.home / "state",
            history=1000,
            resync_interval=3600,
        )
        self.registry.start()
        self.do_pin()

    def put(self, root: int, path: str, name: str, grant: Grant) -> None:
        self.version += 1
        text = page(name, grant, self.version)
        self.files[root][path] = text
        if grant.most is not None:
            self.granted[sha256(text.encode()).hexdigest()] = grant.most

    def do(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"do_{step[0]}")(*step[1:])
        self.registry.reload()
        self.check()

    def write(self) -> None:
        for volume, files in zip(self.volumes, self.files, strict=True):
            volume.write(files)

    def unlock(self) -> None:
        for files in self.files:
            files.pop("hotagents.lock", None)

    def do_edit(self, root: int, name: str, grant: Grant) -> None:
        """One file, and what stood in its way is mended: other faults, another file for the same name, a lock."""
        self.unlock()
        self.files[1 - root].pop(f"{name}.md", None)
        for files in self.files:
            for path in [path for path, text in files.items() if path == "0.md" or not self.may_be_good(text)]:
                del files[path]
        self.put(root, f"{name}.md", name, grant)
        self.write()

    def may_be_good(self, text: str) -> bool:
        most = self.granted.get(sha256(text.encode()).hexdigest())
        return most is not None and most <= self.most

    def do_clash(self, root: int, name: str, grant: Grant) -> None:
        """The same path, or another path for the same name, in the other root."""
        self.put(root, f"{name}.md", name, grant)
        self.put(1 - root, "0.md" if root else f"{name}.md", name, grant)
        self.write()

    def do_remove(self, root: int, name: str) -> None:
        self.files[root].pop(f"{name}.md", None)
        for files in self.files:
            files.pop("0.md", None)
        self.write()

    def do_lock(self, root: int, right: bool) -> None:  # noqa: FBT001 - drawn
        self.unlock()
        texts = {path: text for files in self.files for path, text in files.items()}
        hashes = {path: sha256(f"{text}{'' if right else 'x'}".encode()).hexdigest() for path, text in texts.items()}
        self.files[root]["hotagents.lock"] = Lock(path="hotagents.lock", entries=hashes).text()
        self.write()

    def do_edit_under_a_lock(self, root: int, name: str, grant: Grant) -> None:
        self.put(root, f"{name}.md", name, grant)
        self.write()

    def do_detach(self, root: int) -> None:
        self.volumes[root].detach()

    def do_rollback(self, back: int) -> None:
        history = self.registry.history
        self.registry.rollback(history[min(back, len(history) - 1)])

    def do_resume(self) -> None:
        self.registry.resume()

    def do_pin(self) -> None:
        self.pins.append((self.registry.pin(), {}))

    def do_confirm(self) -> None:
        self.registry.confirm(self.registry.current)

    def do_restart(self, ceiling: Any) -> None:
        self.registry.close()
        try:
            self.begin(ceiling)
        except (InvalidConfigError, SourceError):
            self.fill()
            self.begin(ceiling)

    def check(self) -> None:
        for agent in self.registry.current.agents.values():
            self.check_served(agent)
        for pin, answers in self.pins:
            since = [g for g in self.registry.history if g.number >= pin.generation.number]
            self.check_pin(pin, since, answers)

    def check_served(self, agent: AgentSpec) -> None:
        most = self.granted[agent.digest.removeprefix("sha256:")]  # a file that may be good, and none else
        assert allowed(agent.rights) <= most & self.most

    def check_pin(
        self, pin: Pin[Any], since: Iterable[Generation[Any]], answers: dict[tuple[str, Question], bool]
    ) -> None:
        lost = set()
        for name, question in product(NAMES, QUESTIONS):
            every = [name in g.agents and g.agents[name].allows(*question) for g in since]
            assert pin.allows(name, *question) is all(every)
            assert answers.get((name, question), True) or not all(every)
            assert not all(every) or question in self.most
            answers[name, question] = all(every)
            if name in pin.generation.agents and pin.generation.agents[name].allows(*question) and not all(every):
                lost.add(name)
        assert lost <= set(pin.narrowed())
        assert pin.revoked.is_set() or not lost


policies = st.sampled_from(["hold-set", "hold-volume", "hold-file"])
law = given(policies, st.sampled_from(CEILINGS), st.lists(steps, min_size=5, max_size=25))


def live(home: Path, policy: Policy, ceiling: Any, life: list[tuple[Any, ...]]) -> None:
    world = World(Path(tempfile.mkdtemp(dir=home)), policy, ceiling)
    try:
        for step in life:
            world.do(step)
    finally:
        world.registry.close()


unix = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")
SHORT: Final = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.untraced
@unix
def test_no_right_is_served_that_no_good_file_granted_and_none_comes_back_to_a_pin(tmp_path: Path) -> None:
    SHORT(law(lambda policy, ceiling, life: live(tmp_path, policy, ceiling, life)))()


@unix
@pytest.mark.stress
@pytest.mark.timeout(1800)
def test_the_law_holds_for_a_long_life(tmp_path: Path, seconds: float) -> None:
    long = settings(SHORT, max_examples=int(50 * seconds), derandomize=False)
    long(law(lambda policy, ceiling, life: live(tmp_path, policy, ceiling, life)))()
