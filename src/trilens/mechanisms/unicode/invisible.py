"""Characters nobody sees, told apart from those that a script or an emoji needs.

What passes, with what needs it:

    U+200C, U+200D              one after a letter of a script that joins (Arabic, Persian, Indic …); U+200D between emoji too
    a variation selector        one after a symbol, a digit or a letter of a script with variants; of the supplement, after an ideograph
    U+200E, U+200F, U+061C, U+034F, U+202A to U+202C, U+2066 to U+2069      in a text that holds letters written from right to left
    U+2068 and U+2069           in pairs anywhere: libraries put them around the names they insert
    U+200B                      beside a letter of a script that puts no spaces between words
    U+2060                      where no word is cut by it;   U+FEFF   at the very beginning
    fillers                     beside the Hangul, Braille and musical signs they are for
    tags                        of the three flags that Unicode lists, in which there is no room for data

Soft hyphens always pass. Source: Unicode 16.0, 9.2, 23.2 and 23.4; UTS #51 (emoji), UAX #9 (direction), UTS #37 (ideographic variation).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trilens.mechanisms.content.scan import Pattern


class Unseen(StrEnum):
    TAG = "tag characters"
    SELECTOR = "variation selectors"
    ZERO_WIDTH = "zero-width characters"
    DIRECTION = "direction marks"
    FILLER = "invisible fillers"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A run of characters of one kind that nothing needs where they stand."""

    kind: Unseen
    start: int
    stop: int
    said: str = ""
    """What they spell, where they stand for characters; whoever wrote it wanted it unseen, so it is shown to nobody."""


_UNSEEN = (
    r"[\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{2800}\x{3164}"
    r"\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}]"
)
_ANY = Pattern(_UNSEEN)
# the same characters for the standard engine, which tells their places without a way back
_RUN = re.compile(re.sub(r"\\x\{(\w+)\}", lambda found: chr(int(found[1], 16)), _UNSEEN) + "+")
_FLAG = re.compile(
    "\U0001f3f4\U000e0067\U000e0062"
    "(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_RIGHT_TO_LEFT = re.compile(
    "[\u05d0-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_JOINS = re.compile(
    "[\u0620-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17ff\u1820-\u18af\ua840-\ua87f\ua980-\ua9df\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010d00-\U00010d3f\U00011000-\U000114df\U0001e900-\U0001e95f]"
)
_PICTURE = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297"
    "\u3299\U0001f000-\U0001faff]"
)
_IDEOGRAPH = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd]")
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u1aaf\u3040-\u30ff\u3400-\u9fff\uaa60-\uaadf]"
)
_FOR_FILLERS = {
    "\u115f": re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]"),
    "\u1160": re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]"),
    "\u2800": re.compile("[\u2801-\u28ff]"),
}
_VARIED = frozenset({"So", "Sm", "Sk", "Sc", "Po", "Pd", "Ps", "Pe", "Nd", "No", "Lo"})
_JOINERS = "\u200c\u200d"
_WITH_RIGHT_TO_LEFT = "\u034f\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"


def hidden_in(text: str) -> tuple[Hidden, ...]:
    """Every run of hidden characters, in order. Taking them out leaves a text in which none is found."""
    if text.isascii() or _ANY.search(text) is None:
        return ()
    return tuple(_joined(text, _Reading(text).unfit()))


def without(text: str, hidden: tuple[Hidden, ...]) -> str:
    """The text as it is seen."""
    kept, position = [], 0
    for one in hidden:
        kept.append(text[position : one.start])
        position = one.stop
    return "".join((*kept, text[position:]))


class _Reading:
    """One reading of a text from left to right. INVARIANT: what passes is decided by what is kept, so that taking the rest out changes nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._flags = {at for flag in _FLAG.finditer(text) for at in range(flag.start() + 1, flag.end())}
        self._is_right_to_left = _RIGHT_TO_LEFT.search(text) is not None
        self._has_pairs = _has_pairs(text)

    def unfit(self) -> Iterator[int]:
        """Places of the characters that nothing needs."""
        text = self._text
        for run in _RUN.finditer(text):
            base = last = text[run.start() - 1] if run.start() else ""
            following = text[run.end()] if run.end() < len(text) else ""
            for at in range(run.start(), run.end()):
                if at in self._flags or self._fits(text[at], base, last, following):
                    last = text[at]
                else:
                    yield at

    def _fits(self, letter: str, base: str, last: str, following: str) -> bool:
        """Whether something needs `letter` after `base`, the character that is seen before it, and `last`, the one that is kept."""
        if letter in _JOINERS:
            joins_pictures = letter == "\u200d" and bool(_PICTURE.match(base) and _PICTURE.match(following))
            return last not in _JOINERS and base != "" and (joins_pictures or _JOINS.match(base) is not None)
        if "\u180b" <= letter <= "\u180f":
            return last == base and "\u1820" <= base <= "\u18af"
        if "\ufe00" <= letter <= "\ufe0f":
            return last == base and base != "" and unicodedata.category(base) in _VARIED
        if "\U000e0100" <= letter <= "\U000e01ef":
            return last == base and _IDEOGRAPH.match(base) is not None
        if letter in _WITH_RIGHT_TO_LEFT and self._is_right_to_left:
            return last != letter
        return self._fits_anywhere(letter, base, last, following)

    def _fits_anywhere(self, letter: str, base: str, last: str, following: str) -> bool:
        match letter:
            case "\u2068" | "\u2069":
                return self._has_pairs
            case "\u200b":
                return last == base and bool(_WITHOUT_SPACES.match(base) or _WITHOUT_SPACES.match(following))
            case "\u2060":
                return last == base and base != "" and not (base.isalpha() and following.isalpha())
            case "\ufeff":
                return base == "" and last == ""
            case "\u115f" | "\u1160" | "\u2800":
                neighbours = _FOR_FILLERS[letter]
                return bool(neighbours.match(base) or neighbours.match(following))
            case _:
                return "\U0001d173" <= letter <= "\U0001d17a" and "\U0001d100" <= base <= "\U0001d1ff"


def _has_pairs(text: str) -> bool:
    """Whether every isolate is opened once, closed once, and holds something."""
    is_open = False
    for at, letter in enumerate(text) if "\u2068" in text else ():
        if letter == "\u2068":
            if is_open or text[at + 1 : at + 2] in ("\u2069", ""):
                return False
            is_open = True
        elif letter == "\u2069":
            if not is_open:
                return False
            is_open = False
    return not is_open and "\u2068" in text


def _joined(text: str, places: Iterator[int]) -> Iterator[Hidden]:
    """Neighbours of one kind as one run."""
    start = stop = -1
    for at in places:
        if at == stop and _kind(text[at]) is _kind(text[start]):
            stop = at + 1
            continue
        if start >= 0:
            yield _run(text, start, stop)
        start, stop = at, at + 1
    if start >= 0:
        yield _run(text, start, stop)


def _run(text: str, start: int, stop: int) -> Hidden:
    kind = _kind(text[start])
    return Hidden(kind, start, stop, _spelled(kind, text[start:stop]))


def _kind(letter: str) -> Unseen:
    if "\U000e0000" <= letter <= "\U000e007f":
        return Unseen.TAG
    if "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef" or "\u180b" <= letter <= "\u180f":
        return Unseen.SELECTOR
    if letter in _WITH_RIGHT_TO_LEFT[1:] or letter in "\u202d\u202e":
        return Unseen.DIRECTION
    return (
        Unseen.ZERO_WIDTH if letter in "\u034f\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff" else Unseen.FILLER
    )


def _spelled(kind: Unseen, run: str) -> str:
    """Tags are ASCII moved away; selectors 1 to 256 are bytes."""
    match kind:
        case Unseen.TAG:
            return "".join(chr(ord(letter) - 0xE0000) for letter in run if "\U000e0020" <= letter <= "\U000e007e")
        case Unseen.SELECTOR:
            data = bytes(_byte(letter) for letter in run if not "\u180b" <= letter <= "\u180f")
            return data.decode(errors="ignore")
        case Unseen.ZERO_WIDTH | Unseen.DIRECTION | Unseen.FILLER:
            return ""


def _byte(selector: str) -> int:
    return ord(selector) - 0xFE00 if selector <= "\ufe0f" else ord(selector) - 0xE0100 + 16
