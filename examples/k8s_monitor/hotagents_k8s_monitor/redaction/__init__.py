"""What must not leave a cluster, and is left out of recordings and of what a model is shown."""

from __future__ import annotations

from hotagents_k8s_monitor.redaction.bodies import redacted_body
from hotagents_k8s_monitor.redaction.objects import Names, Redactor
from hotagents_k8s_monitor.redaction.secrets import HIDDEN, redacted

__all__ = ["HIDDEN", "Names", "Redactor", "redacted", "redacted_body"]
