"""What a model adds to the findings; it decides nothing, and what it says is shown as a remark.

`Analyst` asks, beside the cycles; begin with it. What leaves passes `hotagents_k8s_monitor.analysis.model`, what comes
back passes `hotagents_k8s_monitor.analysis.replies` and `hotagents_k8s_monitor.analysis.results`.
"""

from __future__ import annotations

from hotagents_k8s_monitor.analysis.analyst import Analyst
from hotagents_k8s_monitor.analysis.asking import Sources
from hotagents_k8s_monitor.analysis.keeping import Kept
from hotagents_k8s_monitor.analysis.model import Access, access
from hotagents_k8s_monitor.analysis.terms import Terms
from hotagents_k8s_monitor.analysis.thoughts import NO_THOUGHTS, Thoughts

__all__ = ["NO_THOUGHTS", "Access", "Analyst", "Kept", "Sources", "Terms", "Thoughts", "access"]
