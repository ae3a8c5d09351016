from __future__ import annotations

import pytest

from hotagents.authority import Rights, widened
from hotagents.ops.gains import Gain, gains


def gained(before: Rights, after: Rights) -> tuple[Gain, ...]:
    return gains(after, widened(before, after))


def test_an_entry_that_nothing_denies_is_gained_whole() -> None:
    assert gained(Rights(()), Rights(("Read",), ("Write",))) == (Gain("Read", granted=True, denied=()),)


def test_what_denies_a_part_is_named_and_nothing_else() -> None:
    after = Rights(("Bash(git *)",), ("Bash(git push *)", "Write"))
    assert gained(Rights(()), after) == (Gain("Bash(git *)", granted=True, denied=("Bash(git push *)",)),)


def test_a_prohibition_that_is_gone_frees_only_what_is_granted() -> None:
    before, after = Rights(("Bash(git *)",), ("Bash(* --force)",)), Rights(("Bash(git *)",))
    assert gained(before, after) == (Gain("Bash(* --force)", granted=False, denied=()),)


@pytest.mark.parametrize("broken", ["Bash(git", "Bash()"])
def test_of_an_entry_that_is_no_rule_nothing_is_promised(broken: str) -> None:
    after = Rights(("Bash(git *)",), ("Write",))
    found = {gain.entry: gain for gain in gained(Rights(("Bash(git *)",), (broken, "Write")), after)}
    assert found[broken] == Gain(broken, granted=False, denied=("Write",))


def test_rights_that_must_agree_count_too() -> None:
    after = Rights(None, (), (Rights(None, ("Bash",)),))
    assert gained(Rights(("Read",)), after)[0] == Gain("*", granted=True, denied=("Bash",))


def test_of_very_many_entries_nothing_is_promised() -> None:
    after = Rights(tuple(f"T{n}" for n in range(150)), ("Bash",))
    assert set(gained(Rights(()), after)) == {Gain(f"T{n}", granted=False, denied=("Bash",)) for n in range(150)}
