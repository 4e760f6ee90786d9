"""Keys of agents and operators: made, read and checked. A key is shown once and kept only as a digest.

    tlk_7fQ2x9Ab_<secret, 43>_<check, 6>     an agent's key
    tlo_7fQ2x9Ab_<secret, 43>_<check, 6>     an operator's key
    └─── id ───┘

All parts are base 62. The secret holds 256 random bits, which is why a plain SHA-256 is enough to keep it by. The check is a CRC-32 of
all that stands before it: it keeps no one out, and tells a mistyped key from an unknown one without a look at the store.
"""

import hashlib
import hmac
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from trilens.storage.ports import ApiKey

AGENT_PREFIX = "tlk_"
OPERATOR_PREFIX = "tlo_"

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 8
_SECRET_BYTES = 32
_SECRET_LENGTH = 43
"""62**43 is just above 2**256."""
_CHECK_LENGTH = 6
"""62**6 is above 2**32."""
_KEY = re.compile(
    rf"(?P<id>tl[ko]_[0-9A-Za-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}}_(?P<check>[0-9A-Za-z]{{{_CHECK_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment it exists in plain text."""

    text: str = field(repr=False)
    """The whole key: to be shown once and then forgotten."""
    record: ApiKey


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """A text that has the form of a key. Whether such a key was ever made is for the store to say."""

    id: str
    """`ApiKey.id`, for the look-up."""
    is_operator: bool


def make_key(*, agent: str, operator: str, may_assert: bool, now_ms: int, random: Callable[[int], bytes]) -> NewKey:
    """Make a key for one agent or one operator.

    Args:
        agent: the agent it speaks for; empty for an operator's key.
        operator: the operator it signs as; empty for an agent's key.
        may_assert: whether it may name the person it acts for; never for an operator's key.
        random: gives that many random bytes, fit for secrets.

    Raises:
        ValueError: it would be a key of both, of neither, or of an operator who asserts people.
    """
    if bool(agent) == bool(operator):
        raise ValueError("a key speaks for one agent or signs as one operator")
    if operator and may_assert:
        raise ValueError("an operator's key names no people")
    key_id = (OPERATOR_PREFIX if operator else AGENT_PREFIX) + _spell(random(_SECRET_BYTES), _ID_LENGTH)
    unchecked = f"{key_id}_{_spell(random(_SECRET_BYTES), _SECRET_LENGTH)}"
    text = f"{unchecked}_{_check(unchecked)}"
    return NewKey(text, ApiKey(key_id, _digest(text), agent, operator, may_assert, now_ms))


def parse_key(text: str) -> ParsedKey | None:
    """Read the id of a key; None for what was never a key, or is mistyped."""
    found = _KEY.fullmatch(text)
    if found is None or not hmac.compare_digest(_check(text[: -_CHECK_LENGTH - 1]), found["check"]):
        return None
    return ParsedKey(found["id"], is_operator=text.startswith(OPERATOR_PREFIX))


def check_key(text: str, record: ApiKey) -> bool:
    """Whether `text` is the key of `record` and was not revoked; compared in constant time."""
    return hmac.compare_digest(_digest(text), record.digest) and not record.revoked_ms


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _check(text: str) -> str:
    return _spell(zlib.crc32(text.encode()).to_bytes(4, "big"), _CHECK_LENGTH)


def _spell(data: bytes, length: int) -> str:
    """The last `length` digits of `data` in base 62."""
    number = int.from_bytes(data, "big")
    spelled = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        spelled = _DIGITS[digit] + spelled
    return spelled
