"""The measurements of `nox -s bench`, each row beside its floor and its peers.

All rows of a table are sampled in turn in one process, in an order that rotates, so that whatever else happens on the
machine happens to all of them; what counts is the ratio within a round, not a time on some day. Read `sampling` first,
then `latency`, the table that matters most; `command` lists all of them.
"""

__all__: list[str] = []
