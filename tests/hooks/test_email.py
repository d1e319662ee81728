"""What mail providers report: proven, in our words, once, about nobody but our own readers."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from tests.fakes.brevo import Brevo
from tests.fakes.mailgun import Mailgun
from tests.fakes.postmark import Postmark
from tests.fakes.sendgrid import SendGrid
from tests.fakes.ses import AmazonSes
from tests.newsletter.people import live_blog, make_subscriber, people, planned, send_what_is_due, the_sum
from worker.channels.email import parse_relay
from worker.models import Return
from worker.newsletter.suppress import suppression_of

pytestmark = pytest.mark.django_db

SECRET = "a-long/secret+of-our=own"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()
ANN = "ann@reader.example"


def basic(secret=SECRET):
    return {"Authorization": f"Basic {b64encode(f'postlark:{secret}'.encode()).decode()}"}


class Sent:
    """One newsletter to Ann through a stand-in, and its provider's own way to report on it."""

    def __init__(self, esp):
        self.blog = live_blog()
        self.esp = esp
        make_subscriber(self.blog, ANN)

    def go(self):
        self.delivery = planned(self.blog)
        send_what_is_due(self.delivery)
        self.mail = self.esp.mails[0] if self.esp.mails else {"copy": "", "label": ""}

    def kinds(self):
        return sorted(Return.objects.filter(delivery=self.delivery).values_list("kind", flat=True))


def mailgun(mail, event, secret=SECRET, **more):
    block = {"timestamp": str(int(time.time())), "token": "t" * 50}
    block["signature"] = hmac.new(secret.encode(), f"{block['timestamp']}{block['token']}".encode(), hashlib.sha256).hexdigest()
    data = {
        "event": event,
        "recipient": ANN,
        "timestamp": time.time(),
        "user-variables": {"copy": mail["copy"]},
        "tags": [mail["label"]],
        **more,
    }
    return json.dumps({"signature": block, "event-data": data}), {}


def postmark(mail, kind, secret=SECRET, **more):
    body = {"RecordType": kind, "Email": ANN, "Recipient": ANN, "Metadata": {"copy": mail["copy"]}, "Tag": mail["label"], **more}
    return json.dumps(body), basic(secret)


def brevo(mail, event, secret=SECRET, **more):
    body = {"event": event, "email": ANN, "ts_epoch": 1_700_000_000_000, "tags": [mail["label"]], **more}
    return json.dumps(body | {"X-Mailin-custom": json.dumps({"copy": mail["copy"]})}), basic(secret)


def sendgrid(mail, event, key=KEY, **more):
    body = json.dumps(
        [{"event": event, "email": ANN, "timestamp": int(time.time()), "copy": mail["copy"], "category": [mail["label"]], **more}]
    )
    stamp = str(int(time.time()))
    signature = b64encode(key.sign(f"{stamp}{body}".encode(), ec.ECDSA(hashes.SHA256()))).decode()
    return body, {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": stamp}


def ses(mail, kind, secret=SECRET, **more):
    headers = [{"name": "X-Metadata", "value": json.dumps({"copy": mail["copy"]})}, {"name": "X-Tag", "value": mail["label"]}]
    told = {"notificationType": kind, "mail": {"messageId": "m", "destination": [ANN], "headers": headers}, **more}
    body = {"Type": "Notification", "MessageId": "n", "Timestamp": "2026-11-27T12:00:00.000Z", "Message": json.dumps(told)}
    return json.dumps(body), {**basic(secret), "x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": "n"}


ESPS = {
    "mailgun": (Mailgun, "anymail+mailgun://key@blog.example", "", SECRET),
    "postmark": (Postmark, "anymail+postmark://key@broadcast", "", SECRET),
    "brevo": (Brevo, "anymail+brevo://key", "/v3", SECRET),
    "sendgrid": (SendGrid, "anymail+sendgrid://key", "/v3", PUBLIC),
    "ses": (AmazonSes, "anymail+ses://key:secret@ca-central-1", "", SECRET),
}
GONE = {"emailAddress": ANN, "diagnosticCode": "smtp; 550 5.1.1 no such user"}
REPORTS = [
    ("mailgun", "delivered", mailgun, "delivered", {}),
    (
        "mailgun",
        "hard",
        mailgun,
        "failed",
        {"severity": "permanent", "delivery-status": {"message": "550 5.1.1 No such user", "code": 550}},
    ),
    ("mailgun", "soft", mailgun, "failed", {"severity": "permanent", "delivery-status": {"message": "552 5.2.2 Mailbox full"}}),
    ("mailgun", "blocked", mailgun, "failed", {"severity": "permanent", "delivery-status": {"message": "550 5.7.1 Blocked as spam"}}),
    ("mailgun", "complained", mailgun, "complained", {}),
    ("mailgun", "unsubscribed", mailgun, "unsubscribed", {}),
    ("mailgun", "", mailgun, "failed", {"severity": "temporary", "delivery-status": {"message": "450 4.2.1 later"}}),
    ("mailgun", "", mailgun, "opened", {}),
    ("mailgun", "", mailgun, "clicked", {}),
    ("postmark", "delivered", postmark, "Delivery", {"DeliveredAt": "2026-11-27T12:00:00Z"}),
    ("postmark", "hard", postmark, "Bounce", {"Type": "HardBounce", "ID": 4, "BouncedAt": "2026-11-27T12:00:00Z"}),
    ("postmark", "soft", postmark, "Bounce", {"Type": "SoftBounce", "ID": 4}),
    ("postmark", "blocked", postmark, "Bounce", {"Type": "Blocked", "ID": 4}),
    ("postmark", "complained", postmark, "SpamComplaint", {"Type": "SpamComplaint"}),
    ("postmark", "unsubscribed", postmark, "SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}),
    ("postmark", "", postmark, "Open", {}),
    ("brevo", "delivered", brevo, "delivered", {}),
    ("brevo", "hard", brevo, "hard_bounce", {"reason": "550 no such user"}),
    ("brevo", "soft", brevo, "soft_bounce", {"reason": "full"}),
    ("brevo", "blocked", brevo, "blocked", {}),
    ("brevo", "complained", brevo, "spam", {}),
    ("brevo", "unsubscribed", brevo, "unsubscribe", {}),
    ("brevo", "", brevo, "unique_opened", {}),
    ("sendgrid", "delivered", sendgrid, "delivered", {"response": "250 OK"}),
    ("sendgrid", "hard", sendgrid, "bounce", {"status": "5.1.1", "reason": "550 5.1.1 gone", "type": "bounce"}),
    ("sendgrid", "blocked", sendgrid, "bounce", {"status": "5.7.1", "reason": "550 spam", "type": "blocked"}),
    ("sendgrid", "hard", sendgrid, "dropped", {"reason": "Bounced Address"}),
    ("sendgrid", "complained", sendgrid, "spamreport", {}),
    ("sendgrid", "unsubscribed", sendgrid, "unsubscribe", {}),
    ("sendgrid", "", sendgrid, "open", {}),
    ("ses", "delivered", ses, "Delivery", {"delivery": {"recipients": [ANN], "smtpResponse": "250 OK"}}),
    ("ses", "hard", ses, "Bounce", {"bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [GONE]}}),
    ("ses", "soft", ses, "Bounce", {"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": [GONE]}}),
    ("ses", "complained", ses, "Complaint", {"complaint": {"complainedRecipients": [{"emailAddress": ANN}]}}),
]


@pytest.fixture
def sent(request, settings):
    """The newsletter has gone out; `request.param` names the provider."""
    stand_in, url, path, webhook = ESPS[request.param]
    with stand_in(token="key") as esp:
        made = Sent(esp)
        settings.RELAYS = {"default": parse_relay(f"{url}?base_url={esp.url}{path}&webhook={quote(webhook)}")}
        made.go()
        yield made


def post(esp, report):
    body, headers = report
    kind = "text/plain; charset=UTF-8" if esp == "ses" else "application/json"
    return Client().post(f"/hooks/email/{esp}", body, content_type=kind, headers=headers)


@pytest.mark.parametrize(("sent", "kind", "made", "event", "more"), REPORTS, indirect=["sent"])
def test_each_report_becomes_one_of_our_own_words_or_nothing_and_twice_is_once(sent, request, kind, made, event, more):
    esp = request.node.callspec.params["sent"]
    for _ in range(2):
        assert post(esp, made(sent.mail, event, **more)).status_code == 200
    assert sent.kinds() == ([kind] if kind else [])
    ended = suppression_of(sent.blog.pk, ANN)
    assert bool(ended) == (kind in ("hard", "complained", "unsubscribed"))
    assert the_sum(sent.delivery).sent == 1


UNPROVEN = [
    ("mailgun", lambda mail: mailgun(mail, "complained", secret="another")),
    ("mailgun", lambda mail: (json.dumps({"event-data": {"event": "complained"}}), {})),
    ("mailgun", lambda mail: ("[]", {})),
    ("mailgun", lambda mail: ('{"signature": {"token": "é", "timestamp": "é", "signature": 1}}', {})),
    ("mailgun", lambda mail: ("\x00", {})),
    ("postmark", lambda mail: postmark(mail, "SpamComplaint", secret="another", Type="SpamComplaint")),
    ("postmark", lambda mail: (postmark(mail, "SpamComplaint", Type="SpamComplaint")[0], {})),
    ("postmark", lambda mail: (postmark(mail, "SpamComplaint", Type="SpamComplaint")[0], {"Authorization": "Basic ÿ"})),
    ("brevo", lambda mail: brevo(mail, "spam", secret="")),
    ("sendgrid", lambda mail: sendgrid(mail, "spamreport", key=ec.generate_private_key(ec.SECP256R1()))),
    ("sendgrid", lambda mail: (sendgrid(mail, "spamreport")[0], {})),
    ("sendgrid", lambda mail: ("[]", sendgrid(mail, "spamreport")[1])),
    ("ses", lambda mail: ses(mail, "Complaint", secret="x", complaint={"complainedRecipients": [{"emailAddress": ANN}]})),
]


@pytest.mark.parametrize(("sent", "made"), UNPROVEN, indirect=["sent"])
def test_whoever_does_not_know_the_secret_is_refused_and_changes_nothing(sent, request, made):
    answer = post(request.node.callspec.params["sent"], made(sent.mail))
    assert (answer.status_code, answer.content) == (403, b"")
    assert sent.kinds() == []
    assert suppression_of(sent.blog.pk, ANN) is None


@pytest.mark.parametrize("sent", ["ses"], indirect=True)
def test_amazon_is_asked_to_sign_in_and_told_nothing_else(sent):
    answer = post("ses", (ses(sent.mail, "Complaint")[0], {}))
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("sent", ["ses"], indirect=True)
def test_a_subscription_of_amazons_is_confirmed_only_at_amazons_own_address(sent):
    body = {"Type": "SubscriptionConfirmation", "MessageId": "n", "TopicArn": "a", "Token": "t", "SubscribeURL": f"{sent.esp.url}/confirm"}
    headers = {**basic(), "x-amz-sns-message-type": "SubscriptionConfirmation", "x-amz-sns-message-id": "n"}
    before = len(sent.esp.requests)
    assert post("ses", (json.dumps(body), headers)).status_code == 400
    assert len(sent.esp.requests) == before


@pytest.mark.parametrize("sent", list(ESPS), indirect=True)
def test_where_no_secret_is_set_nobody_is_believed(sent, request, settings):
    esp = request.node.callspec.params["sent"]
    _, url, path, _ = ESPS[esp]
    settings.RELAYS = {"default": parse_relay(f"{url}?base_url={sent.esp.url}{path}")}
    report = {"mailgun": mailgun(sent.mail, "complained", secret=""), "postmark": postmark(sent.mail, "SpamComplaint", secret="")}
    body, headers = report.get(esp) or (json.dumps([]), basic(""))
    assert post(esp, (body, headers)).status_code == 403


@pytest.mark.parametrize("sent", ["mailgun"], indirect=True)
def test_one_relay_of_several_at_a_provider_is_enough(sent, settings):
    other = parse_relay("anymail+mailgun://key@other.example?webhook=another")
    settings.RELAYS = {"other": other, **settings.RELAYS}
    assert post("mailgun", mailgun(sent.mail, "delivered")).status_code == 200
    assert sent.kinds() == ["delivered"]


@pytest.mark.parametrize("sent", ["mailgun"], indirect=True)
def test_a_report_on_somebody_elses_mail_is_taken_and_said_in_the_log(sent, caplog):
    mail = {"copy": "1-1.made-up-by-somebody-else-here", "label": "another-program"}
    assert post("mailgun", mailgun(mail, "complained")).status_code == 200
    assert sent.kinds() == []
    assert "a report on mails that Postlark did not send" in caplog.text
    assert ANN not in caplog.text


@pytest.mark.parametrize("sent", ["brevo"], indirect=True)
def test_without_our_id_the_newsletters_name_and_the_address_tell_whose_it_is(sent):
    assert post("brevo", brevo({"copy": "", "label": sent.mail["label"]}, "hard_bounce")).status_code == 200
    assert sent.kinds() == ["hard"]


@pytest.mark.parametrize("sent", ["postmark"], indirect=True)
def test_a_provider_that_tracks_all_the_same_is_said_in_the_log(sent, caplog):
    post("postmark", postmark(sent.mail, "Open"))
    assert "the provider tracks readers" in caplog.text


@pytest.mark.parametrize("sent", ["postmark"], indirect=True)
@pytest.mark.parametrize("body", ["", "{", "[]", "7", '{"RecordType": "Bounce", "Email": 7, "Metadata": 7}'])
def test_a_proven_report_that_cannot_be_read_breaks_nothing(sent, body):
    assert post("postmark", (body, basic())).status_code in (200, 400)
    assert sent.kinds() == []


@pytest.mark.parametrize("sent", ["postmark"], indirect=True)
@pytest.mark.parametrize("words", ["no\x00such mailbox", "no\ud83dsuch mailbox"], ids=["a NUL", "half a smiley"])
def test_a_providers_words_are_kept_as_a_database_can_hold_them(sent, words):
    assert post("postmark", postmark(sent.mail, "Bounce", Type="HardBounce", ID=4, Details=words)).status_code == 200
    assert "no such mailbox" in Return.objects.get().words


@pytest.mark.parametrize("sent", ["mailgun"], indirect=True)
@pytest.mark.parametrize("wrong", [{"recipient": 7}, {"recipient": ["ann@reader.example"]}, {"timestamp": float("inf")}])
def test_whoever_is_named_by_no_address_is_not_looked_for(sent, wrong):
    assert post("mailgun", mailgun({"copy": 7, "label": sent.mail["label"]}, "complained", **wrong)).status_code in (200, 400)
    assert sent.kinds() == []


@pytest.mark.parametrize("sent", ["postmark"], indirect=True)
def test_more_than_a_report_can_be_is_not_read(sent, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert post("postmark", ("x" * 1001, basic())).status_code == 413


def test_a_provider_that_no_relay_is_at_is_not_there(settings):
    settings.RELAYS = {"default": parse_relay("smtp://127.0.0.1:1")}
    assert Client().post("/hooks/email/mailgun", "{}", content_type="application/json").status_code == 404
    assert Client().get("/hooks/email/mailgun").status_code == 405


@pytest.mark.parametrize("sent", ["sendgrid"], indirect=True)
def test_a_report_on_a_copy_in_doubt_settles_it(sent):
    sent.delivery.recipients.update(state="unknown")
    sent.delivery.batches.update(sent=0, unknown=1)
    assert post("sendgrid", sendgrid(sent.mail, "delivered")).status_code == 200
    assert the_sum(sent.delivery).sent == 1
    assert people(sent.delivery)["ann"].reason == "The answer was lost, but SendGrid reported on it."
