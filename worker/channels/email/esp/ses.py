"""Amazon SES: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html

A mail with own headers goes to one reader a request. Its log is searched by Amazon's own id alone, which a lost answer takes along:
who is in doubt is settled by a report, or by a person.
"""

import json
import logging
import re
from io import BytesIO
from typing import Any

from anymail.backends.amazon_ses import AmazonSESV2SendEmailPayload, EmailBackend
from anymail.message import AnymailMessage
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailCoreWebhookView
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from django.http import HttpRequest
from urllib3 import HTTPResponse

from worker.channels.base import Bounce, DeliveryError, Transient, Unauthorized
from worker.channels.email.bounce import bounce
from worker.channels.email.esp.answers import words
from worker.channels.email.esp.provider import Provider, signed_in
from worker.lib.http import Answer, NoAnswer

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
_OF_THE_ACCOUNT = re.compile(r"AccountSuspended|SendingPaused|MailFromDomainNotVerified|not verified")
_FOR_NOW = re.compile(r"LimitExceeded|TooManyRequests|Throttling")

_SNS = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/\S*")
_GONE = ("General", "NoEmail", "Suppressed", "OnAccountSuppressionList")

log = logging.getLogger(__name__)
logging.getLogger("botocore").setLevel(logging.INFO)  # below that it logs each mail whole, with whom it goes to and who signs in


class AmazonSes(Provider):
    many = 1

    def backend(self) -> "_Backend":
        settings = self.settings
        backend = _Backend(
            session_params={
                "aws_access_key_id": settings.key,
                "aws_secret_access_key": settings.secret,
                "region_name": settings.place,
            },
            client_params={"endpoint_url": settings.base_url, "config": {"retries": {"total_max_attempts": 1}}},
        )
        backend.open()
        backend.client.meta.events.register("before-send.sesv2", self._by_our_door)
        return backend

    def headers(self) -> dict[str, str]:
        """None: each request is signed for itself."""
        return {}

    def view(self) -> AmazonSESTrackingWebhookView:
        return AmazonSESTrackingWebhookView(webhook_secret=signed_in(self.settings), auto_confirm_sns_subscriptions=False)

    def events(self, view: AnymailCoreWebhookView, request: HttpRequest) -> list[AnymailTrackingEvent]:
        """A new subscription is confirmed by asking for the address that comes along, if that is Amazon's."""
        told = json.loads(request.body)
        if told["Type"] == "SubscriptionConfirmation":
            self._confirm(told["SubscribeURL"])
            return []
        return super().events(view, request)

    def _confirm(self, url: str) -> None:
        if not _SNS.fullmatch(url):
            raise ValueError
        try:
            self.door.ask("GET", url)
        except NoAnswer:
            log.warning("Amazon's subscription could not be confirmed; Amazon asks again", extra={"esp": self.settings.esp})

    def bounced(self, event: AnymailTrackingEvent, words: str) -> Bounce:
        """https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types"""
        told = event.esp_event["bounce"]
        if told.get("bounceType") == "Permanent":
            return Bounce.HARD if told.get("bounceSubType") in _GONE else bounce("", words)
        return Bounce.SOFT

    def prepare(self, message: AnymailMessage) -> None:
        off = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
        message.esp_extra = {"ConfigurationOverrides": {"Tracking": off}}

    def means(self, answer: Answer) -> DeliveryError | None:
        said = f"{answer.headers.get('x-amzn-errortype', '')} {words(answer)}"
        if answer.status == 400 and _FOR_NOW.search(said):
            return Transient(f"{self.settings.name} takes no more for now.", cooldown=True, status="400", detail=words(answer))
        if answer.status == 400 and _OF_THE_ACCOUNT.search(said):
            return Unauthorized(
                f"{self.settings.name} does not send for this account or sender; its own words say why.", status="400", detail=words(answer)
            )
        return None

    def ready(self) -> None:
        """Reading needs a client and a permission of its own, which are not worth it: during an outage the pauses between two runs grow."""

    def check(self) -> None:
        backend = self.backend()
        try:
            backend.client.get_account()
        except (BotoCoreError, ClientError):
            raise self.unread(self.door.last) from None

    def _by_our_door(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html: whoever answers here sends nothing elsewhere."""
        headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
        try:
            answer = self.door.ask(request.method, request.url, headers=headers, body=request.body)
        except NoAnswer as error:
            raise HTTPClientError(error=error.sentence) from None
        return AWSResponse(request.url, answer.status, answer.headers, HTTPResponse(BytesIO(answer.body), preload_content=False))


class _Backend(EmailBackend):  # type: ignore[misc] # it has no types
    def build_message_payload(self, message: AnymailMessage, defaults: dict[str, Any]) -> "_Payload":
        return _Payload(message, defaults, self)


class _Payload(AmazonSESV2SendEmailPayload):  # type: ignore[misc] # it has no types
    def generate_raw_message(self) -> bytes:
        """List-Unsubscribe in one line: folded, some mail programs do not read it. A line may have 998 signs (RFC 5322, 2.1.1)."""
        self.mime_message.policy = self.mime_message.policy.clone(max_line_length=998)
        raw: bytes = super().generate_raw_message()
        return raw
