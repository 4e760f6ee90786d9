"""Whether a sentence repeats what the person said, and how: as their wish or question, or as a fact they reported."""

from enum import Enum

from trilens.mechanisms.content.scan import Pattern


class Echo(Enum):
    NONE = 0
    REPORTED = 1
    """`you said`, `as you mentioned`: it says the same, and may go on to rely on it."""
    ASKED = 2
    """`you asked for`, `your request`, `would you like`: it promises nothing."""


_ASKED = Pattern(
    r"(?i)\byou(?:'ve|\shave|\shad)?\s(?:just\s|also\s)?(?:asked|requested|wanted|want|wished|wish|enquired|inquired|proposed|suggested|need|needed|"
    r"were\sasking|are\sasking)\b|\byour\s(?:\w+\s)?(?:request|question|wish|proposal|suggestion)\b|\b(?:would|did)\syou\s(?:like|mean|want)\b|"
    r"\bsie\s[^.!?\n]{0,40}\b(?:gefragt|gebeten|gewünscht|verlangt|vorgeschlagen)\b|\bdu\s[^.!?\n]{0,40}\b(?:gefragt|gebeten|gewünscht)\b|"
    r"\b(?:ihre|deine)[rmn]?\s(?:bitte|frage|anfrage|wunsch)\b|\b(?:ihr|dein)(?:en|em)?\s(?:wunsch|vorschlag)\b|\bmöchten\ssie\b|\bmöchtest\sdu\b"
)
_REPORTED = Pattern(
    r"(?i)\byou(?:'ve|\shave|\shad)?\s(?:just\s|also\s)?(?:said|mentioned|wrote|written|told|stated|reported|described|indicated|noted|claimed)\b|"
    r"\bas\syou\s|\baccording\sto\syou\b|\bsie\s[^.!?\n]{0,40}\b(?:gesagt|erwähnt|geschrieben|angegeben|berichtet)\b|\bwie\ssie\b|"
    r"\blaut\sihrer\b|\bdu\s[^.!?\n]{0,40}\b(?:gesagt|erwähnt|geschrieben)\b"
)


def echo_of(sentence: str) -> Echo:
    """Read one folded sentence."""
    if _ASKED.search(sentence) is not None:
        return Echo.ASKED
    if _REPORTED.search(sentence) is not None:
        return Echo.REPORTED
    return Echo.NONE
