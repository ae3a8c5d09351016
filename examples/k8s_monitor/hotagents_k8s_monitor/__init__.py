"""A Kubernetes monitor as a runner for hotagents: what operations people change lives in two ConfigMaps.

A cycle goes one way. `cluster` sees (the official client, plain JSON), `rules` detect (pure functions), `judging` rates
by what the current generation says (`policy`), `tracking` remembers, `delivery` decides who hears of it, `records` keep
it. `monitor` is the runner that does one after the other; `plugin` is what hotagents finds.
"""

from __future__ import annotations

__all__: list[str] = []
