"""A notice as a webhook of the Standard Webhooks form: what it says, and who it is from.

    webhook-id         the same for every attempt to tell one notice, so that a receiver can drop what it has seen
    webhook-timestamp  seconds since 1970 UTC of this attempt
    webhook-signature  `v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`

INVARIANT: the body names a case or a stop, who may decide, and until when; no person it is about, and nothing that anybody said.

Source: Standard Webhooks specification 1.0.0, "Webhook metadata", "Signature scheme" (read 2026-11-25).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from trilens.errors import SettingsError
from trilens.storage.ports import Case, Notice, NoticeKind
from trilens.vocabulary.canonical import Json, canonical
from trilens.vocabulary.written import write_moment

PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)
"""Source: the same, "Signature scheme"."""


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    body: bytes


def read_secret(text: str) -> bytes:
    """The key in `whsec_…`. Raises: SettingsError `settings/webhook-secret`."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _SECRET_BYTES:
        raise SettingsError(
            "settings/webhook-secret",
            "`TRILENS_WEBHOOK_SECRET` must be `whsec_` and the Base64 of 24 to 64 bytes",
            help="the receiver of the webhook has it; make one with `openssl rand -base64 32`",
        )
    return key


def write_message(notice: Notice, *, system: str, log: str, case: Case | None) -> Message:
    """What is told.

    Args:
        log: what tells this ledger from others of the same system, so that no two notices share an id.
        case: of a notice about one.
    """
    data: dict[str, Json] = {"system": system}
    match notice.kind:
        case NoticeKind.CASE_OPENED if case is not None:
            data |= {
                "case": case.id,
                "kind": case.kind,
                "by": list(case.by),
                "expires": write_moment(case.expires_ms),
                "path": f"/operator/cases/{case.id}" if case.kind == "approval" else "/operator/changes",
            }
        case NoticeKind.STOPPED | NoticeKind.RESUMED:
            scope, _, subject = notice.subject.partition(":")
            data |= {"scope": scope, "subject": subject, "path": "/operator/stops"}
        case _:
            raise AssertionError("a notice of a case comes with its case")
    body = canonical({"type": notice.kind.value, "timestamp": write_moment(notice.at_ms), "data": data})
    return Message(f"msg_{log}_{notice.number}", body)


def signed(message: Message, key: bytes, *, now_s: int) -> Mapping[str, str]:
    """The headers of one attempt."""
    covered = f"{message.id}.{now_s}.".encode() + message.body
    mark = base64.b64encode(hmac.new(key, covered, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{mark}",
    }
