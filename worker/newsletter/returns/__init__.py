"""What comes back of a newsletter, in one vocabulary, whoever says it: the relay itself, a mail in the returns mailbox, a provider.

    report = Report(Kind.HARD, source="Postmark", at=..., words="550 5.1.1 no such user", status="5.1.1")
    recipient = of_copy(our_own_id) or of_address(delivery, address)
    recipient and record(recipient, report)

| kind | means | follows |
|---|---|---|
| `delivered` | it reached the mailbox | soft returns are counted anew |
| `hard` | there is no such mailbox | not written to any more |
| `soft` | full, switched off, away, or nobody can tell | after five in a row over two weeks: not written to any more |
| `blocked` | the mail is not wanted as it is, or as it comes | nothing for this person: the brake looks at all of them together |
| `complained` | they reported it as spam | not written to any more |
| `unsubscribed` | they left by the provider's own link | they have left |

The same report twice changes nothing. These are events, not states of a recipient: the relay took it, and it came back.
Why so: docs/adr/0015-what-comes-back.md
"""

from worker.newsletter.returns.again import let_in_again
from worker.newsletter.returns.record import Kind, Report, record
from worker.newsletter.returns.whose import of_address, of_copy

__all__ = ["Kind", "Report", "let_in_again", "of_address", "of_copy", "record"]
