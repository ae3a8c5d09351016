"""Rehearsal: what an edit of the configuration would have come to, on clusters as they were.

A *recording* is what looks at a cluster saw, with their times, redacted (`recording`, `writing`, `reading`,
`redacting`). `replaying` shows it to the real monitor, with a clock that stands at each look's time, under a candidate
configuration (`candidate`); the `outcome` is which findings counted, how bad they were, and what was told. `expected`
keeps an outcome beside its recording, `differing` says in words how two outcomes differ.
"""

from __future__ import annotations

__all__: list[str] = []
