"""All credentials of a request become one Principal first, or nothing is served.

A key may stand in `Authorization: Bearer`, `x-api-key` or `api-key`. Two different ones in a request are two identities, and no rule
picks one. The store of keys is asked again after `_REMEMBERED_S`, so that a revoked key is refused within that time.
"""

import hashlib
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from trilens.errors import WireError
from trilens.gateways.headers import Head
from trilens.people.keys import check_key, parse_key
from trilens.storage.ports import ApiKey, KeyStore
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

_REMEMBERED_S = 0.5
_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    key: ApiKey
    until_s: float


class Credentials:
    """Who is asking. One instance serves one event loop."""

    def __init__(self, keystore: KeyStore, system: System, *, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock in seconds."""
        self._keystore = keystore
        self._system = system
        self._now_s = now_s
        self._known: dict[bytes, _Known] = {}

    def principal(self, head: Head) -> Principal:
        """The one caller of a request.

        Raises:
            WireError: no key, several, or one that is unknown, revoked or an operator's (401, `wire/invalid-api-key`); a person asserted
                by a key that may not (403, `wire/may-not-assert`) or asserted twice (400, `wire/header`).
            StoreError: the store of keys cannot be read.
        """
        key = self._key(head)
        if not head.asserted:
            return Principal(key.id, key.agent)
        if not key.may_assert:
            raise WireError(
                "wire/may-not-assert",
                "this key may not name the person it acts for",
                help="`trilens keys create --may-assert` makes one that may",
                status=403,
            )
        if len(head.asserted) > 1:
            raise WireError("wire/header", "more than one header names a person")
        role, person = head.asserted[0]
        return Principal(key.id, key.agent, role, person, self._system.people[role].region)

    def _key(self, head: Head) -> ApiKey:
        presented = set(head.credentials)
        if not presented:
            raise _invalid("no API key was sent", "send it as `Authorization: Bearer …`, `x-api-key` or `api-key`")
        refuse_several(presented)
        text = presented.pop()
        digest = hashlib.sha256(text).digest()
        now_s = self._now_s()
        known = self._known.get(digest)
        if known is not None and known.until_s > now_s:
            return known.key
        self._known.pop(digest, None)
        key = self._look_up(text.decode("latin-1"))
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[digest] = _Known(key, now_s + _REMEMBERED_S)
        return key

    def _look_up(self, text: str) -> ApiKey:
        parsed = parse_key(text)
        found = self._keystore.find(parsed.id) if parsed else None
        if found is None or not check_key(text, found):
            raise _invalid("the API key is not valid", "`trilens keys list` shows which keys are")
        if not found.agent:
            raise _invalid("an operator's key speaks for no agent", "use a key of `trilens keys create --agent`")
        return found


def refuse_several(presented: AbstractSet[bytes]) -> None:
    """Raises: WireError `wire/invalid-api-key` (401) when the credentials of one request are not one."""
    if len(presented) > 1:
        raise _invalid("several different API keys were sent in one request", "send one")


def _invalid(message: str, help: str) -> WireError:  # noqa: A002
    return WireError("wire/invalid-api-key", message, help=help, status=401)
