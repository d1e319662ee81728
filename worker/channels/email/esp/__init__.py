"""Mail by a provider's own interface: many copies in one request, each with its own words (docs/adr/0016-providers-by-anymail.md).

| file | is about |
|---|---|
| `settings` | what EMAIL_URL may say |
| `hand_in` | many envelopes, few requests, and what came of each |
| `letter` | one request's mail, in anymail's words |
| `door` | how anymail's requests leave |
| `answers` | what a provider's answer means |
| `provider` | what each provider's file says of it |
| `reports` | what a provider tells us later |

anymail takes a tenth of a second to import and boto3 a whole one, so all but `settings` are imported when a provider is first spoken to.
"""
