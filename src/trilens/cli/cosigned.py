"""The newest checkpoint that witnesses signed: asked for over HTTP, and kept as `checkpoint.cosigned` in the state folder.

It is kept beside the journal and not in it: losing it loses nothing that a witness would not sign again.
"""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trilens.cli.installation import State
from trilens.errors import SettingsError, WireError
from trilens.prove.ledger.cosign import WitnessKey, with_signatures
from trilens.prove.ledger.durable import write_durably
from trilens.prove.ledger.note import split_note
from trilens.prove.ledger.proof import tree_of
from trilens.prove.ledger.submit import Post, Reply, cosigned_by

FILE = "checkpoint.cosigned"
_DEADLINE_S = 10.0
_LARGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """A witness, and the key that its answer must be signed with."""

    url: str
    key: WitnessKey


def newest_cosigned(home: Path) -> bytes | None:
    """The newest checkpoint that a witness signed; nothing about it is verified. None when there is none."""
    try:
        return (home / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/checkpoint-file", f"cannot read `{home / FILE}`: {reason}") from error


def newest_note(state: State) -> bytes | None:
    """The newest checkpoint, with the cosignatures it has; None when nothing was signed yet."""
    note, cosigned = state.journal.checkpoint(), newest_cosigned(state.home)
    if note is None or cosigned is None or split_note(cosigned).text != split_note(note).text:
        return note
    return cosigned


def ask_witnesses(state: State, asked: Sequence[Asked]) -> bytes:
    """The newest checkpoint, signed by every witness that is asked; what each answers is kept at once.

    Raises:
        SettingsError: nothing was signed yet (`settings/no-checkpoint`), or a URL is none (`settings/witness`).
        WireError: a witness does not answer, or refuses.
        LedgerError: a witness has signed what this ledger contradicts; code `ledger/forked`.
    """
    note = newest_note(state)
    if note is None:
        raise SettingsError(
            "settings/no-checkpoint",
            "nothing was signed yet",
            help="a checkpoint is signed as soon as there are entries",
        )
    former = newest_cosigned(state.home)
    size = tree_of(former).size if former is not None else 0
    for one in asked:
        signature = cosigned_by(one.key, note, post=_post(one.url), tiles=state.journal.tile, size=size)
        note = with_signatures(note, (signature,))
        write_durably(state.home / FILE, note)
    return note


def _post(url: str) -> Post:
    """Sends to `add-checkpoint` of a witness; redirects are not followed, and no proxy is asked."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise SettingsError(
            "settings/witness", f"`{url}` is no address of a witness", help="expected http://HOST:PORT or https://HOST"
        )
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = parts.path.rstrip("/") + "/add-checkpoint"

    def post(body: bytes) -> Reply:
        try:
            connection = kind(parts.hostname or "", parts.port, timeout=_DEADLINE_S)
            try:
                connection.request("POST", path, body, {"Content-Type": "text/plain; charset=utf-8"})
                response = connection.getresponse()
                return Reply(response.status, response.read(_LARGEST_ANSWER))
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise WireError("ledger/witness", f"the witness at `{url}` does not answer", status=502) from error

    return post
