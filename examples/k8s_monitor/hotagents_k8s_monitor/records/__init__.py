"""What the monitor writes to disk: its state, one line a cycle, one file an incident; and what it deletes again.

::

    state.json                   what is remembered between cycles and across restarts
    cycles/2026-11-24.jsonl      one line for each cycle of that day (UTC); a large day has several files
    incident-<id>.json           one file for each incident, with all that happened to it
    outbox/slack.jsonl           what waits to be sent by each notifier, and what was sent of what goes on
    acks.json                    what people have taken over, written by ``k8s-monitor ack``
    analysis.json                what a model said, written by `hotagents_k8s_monitor.analysis`
    lock                         held by the monitor that writes here

Every file says which schema it has. All is owner-readable JSON; nothing of it is ever executed.
"""

from __future__ import annotations

from hotagents_k8s_monitor.records.acks import Acks
from hotagents_k8s_monitor.records.archive import Archive
from hotagents_k8s_monitor.records.files import SCHEMA, RecordsError
from hotagents_k8s_monitor.records.journal import Journal
from hotagents_k8s_monitor.records.outbox import Outbox
from hotagents_k8s_monitor.records.recorder import Recorder
from hotagents_k8s_monitor.records.state import StateFile

__all__ = ["SCHEMA", "Acks", "Archive", "Journal", "Outbox", "Recorder", "RecordsError", "StateFile"]
