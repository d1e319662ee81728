"""One mail, many people: who gets it, each of them once, and what came of each.

`deliver` claims a newsletter and calls `prepare`; then its batches are handed over, by any worker, until `finish` finds
that nobody waits. Every step may be cut off by `kill -9` and is then either repeated or in doubt, never both; what a sender
did since its last commit stands in its journal. Places to cut it at (worker/lib/crash.py):

| crash point | where | left behind |
|---|---|---|
| `slice-written` | up to a thousand readers are written down | the next `prepare` goes on after them |
| `batch-claimed` | the batch is ours, nobody written to | all of it waits again |
| `recipient-calling` | noted that this copy may be out; its body not begun | this one unknown, although nothing went out |
| `recipient-answered` | the relay answered, nothing noted of it | after a body: unknown; refused before it: waits again |
| `recipient-recorded` | the outcome is noted | the outcome |
| `looked-up` | the provider's log was read, nothing written of it | they are in doubt, and it is read again |
| `batch-done` | the batches are given back or done, the delivery not yet told | the sweep tells it |
"""

from worker.newsletter.audience import check_audience, prepare, readers
from worker.newsletter.batches import due_batches, next_slot
from worker.newsletter.conclusion import finish, settle, stop
from worker.newsletter.doubt import call_in_doubt
from worker.newsletter.hand_over import hand_over
from worker.newsletter.look_up import due as doubts_due
from worker.newsletter.look_up import look_up
from worker.newsletter.mail import cannot_send
from worker.newsletter.sweep import call_off, sweep

__all__ = [
    "call_in_doubt",
    "call_off",
    "cannot_send",
    "check_audience",
    "doubts_due",
    "due_batches",
    "finish",
    "hand_over",
    "look_up",
    "next_slot",
    "prepare",
    "readers",
    "settle",
    "stop",
    "sweep",
]
