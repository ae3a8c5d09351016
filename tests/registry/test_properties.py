"""Whatever is written, in whatever order: only valid wholes are served, and numbers only grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents import ConfigRegistry, Memory

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD = "---\nname: {0}\ndescription: {1}\n---\n{1}\n"
BAD = ("---\nname: x\n---\n", "---\nname: [\n", '---\nname: x\ndescription: "a: b\n---\n')

good_sets = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from(["one", "two", "three"]), min_size=1
).map(lambda texts: {f"{name}.md": GOOD.format(name, text) for name, text in texts.items()})  # fmt: skip
bad_sets = st.tuples(good_sets, st.sampled_from(BAD)).map(lambda pair: {**pair[0], "bad.md": pair[1]})
no_set: st.SearchStrategy[dict[str, str]] = st.just({})
any_sets = st.one_of(good_sets, bad_sets, no_set)


def is_good(files: Mapping[str, str]) -> bool:
    return bool(files) and "bad.md" not in files


@settings(deadline=None, max_examples=150)
@given(good_sets, st.lists(any_sets, max_size=12))
def test_only_valid_wholes_are_served_and_numbers_only_grow(first: dict[str, str], rest: list[dict[str, str]]) -> None:
    source = Memory(first)
    with ConfigRegistry(source, resync_interval=3600, history=100) as registry:
        numbers = {registry.current.digest: 1}
        served, last = first, 1
        for files in rest:
            source.write(files)
            registry.reload()
            current, status = registry.current, registry.status
            if is_good(files) and files != served:
                served = files
                assert current.number == last + 1
                assert current.restores == numbers.get(current.digest)
            else:
                assert current.number == last
            assert {agent.path: agent.digest for agent in current.agents.values()}.keys() == served.keys()
            assert all(current.agents[path[0]].prompt in text for path, text in served.items())
            assert (status.state == "current") is is_good(files)
            assert (status.digest == status.observed_digest) is (status.state == "current")
            numbers[current.digest] = last = current.number
        assert [g.number for g in registry.history] == list(range(last, 0, -1))
