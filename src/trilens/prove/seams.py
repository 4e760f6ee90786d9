"""What three verdicts say together without being merged: the failure mode has a name, and only when all three are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trilens.prove.status import Word
from trilens.vocabulary.outcome import Lens

_NAMES: Mapping[tuple[Word, Word, Word], str] = MappingProxyType(
    {
        (Word.PASS, Word.PASS, Word.PASS): "",
        (Word.FAIL, Word.PASS, Word.PASS): "compliant but unsafe",
        (Word.FAIL, Word.FAIL, Word.PASS): "compliant but unsafe and insecure",
        (Word.PASS, Word.PASS, Word.FAIL): "safe but non-compliant",
        (Word.PASS, Word.FAIL, Word.FAIL): "safe but non-compliant and insecure",
        (Word.PASS, Word.FAIL, Word.PASS): "safe and compliant but insecure",
        (Word.FAIL, Word.PASS, Word.FAIL): "secure but unsafe and non-compliant",
        (Word.FAIL, Word.FAIL, Word.FAIL): "unsafe, insecure and non-compliant",
    }
)
"""By the verdicts of safety, security and compliance."""


@dataclass(frozen=True, slots=True)
class FailureMode:
    """How the system fails across the lenses."""

    name: str
    """Empty when it does not fail, or when that cannot be said."""
    unsaid: str
    """Why it has no name: which lens is not known; empty when all are."""


def failure_mode(words: Mapping[Lens, Word]) -> FailureMode:
    """Name the failure mode. A lens that is waived or not applicable neither passed nor failed, so nothing is named beside it."""
    ordered = (words[Lens.SAFETY], words[Lens.SECURITY], words[Lens.COMPLIANCE])
    if ordered in _NAMES:
        return FailureMode(_NAMES[ordered], "")
    open_lenses = [f"{lens} is {words[lens]}" for lens in Lens if words[lens] not in (Word.PASS, Word.FAIL)]
    return FailureMode("", ", ".join(open_lenses))
