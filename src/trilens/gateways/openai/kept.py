"""The answer that is kept while people decide: one line that says whose it is, then the bytes as they came."""

from dataclasses import dataclass

import orjson

from trilens.enforce.drive import AsyncDriver
from trilens.people.approvals.edit import Edit, read_edit
from trilens.storage.ports import Case


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    model: str
    """Id of the model that gave it."""
    is_stream: bool
    raw: bytes

    def write(self) -> bytes:
        return orjson.dumps({"v": 1, "model": self.model, "stream": self.is_stream}) + b"\n" + self.raw


def read_kept(written: bytes) -> KeptAnswer | None:
    """The inverse of `KeptAnswer.write`; None for another version."""
    first, _, raw = written.partition(b"\n")
    match orjson.loads(first):
        case {"v": 1, "model": str() as model, "stream": bool() as is_stream}:
            return KeptAnswer(model, is_stream, raw)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class DecidedAnswer:
    """A kept answer that people approved."""

    case: str
    kept: KeptAnswer
    edit: Edit | None


def decided_answer(driver: AsyncDriver, case: Case) -> DecidedAnswer | None:
    """The answer that is kept with an approved case; None when it, or the edit it was approved with, was erased since."""
    written = driver.kept(case)
    kept = None if written is None else read_kept(written)
    if kept is None:
        return None
    if not case.edit:
        return DecidedAnswer(case.id, kept, None)
    sealed = driver.journal.payload(case.edit)
    edit = None if sealed is None else driver.sealer.open(sealed)
    return None if edit is None else DecidedAnswer(case.id, kept, read_edit(edit))
