"""Atoms: the pieces of a text that can decide something, each in one normal spelling.

An atom is a short key whose first character names its kind, so that one dictionary holds them all:

    @ada@example.org         address
    uhttps://host/a?b        link, verbatim        hhost.example      host of a link or address
    io-1001                  a word with a digit   nde89370400440532  digits and letters written in groups
    #450                     number                d2026-11-24        date
    =express                 a whole field, folded

Everything is linear in the text: no pattern can start inside a run it has already refused, and none looks further than a bounded
number of characters or words.
Addresses and links have spellings of their own and are found by `addresses`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal

from trilens.vocabulary.amount import plain_number
from trilens.vocabulary.event import Scalar

LONGEST_TEXT = 262_144
"""Characters of one passage that are indexed; what stands beyond is unknown, and explains nothing."""
LONGEST_FIELD = 200
_SHORTEST_PHRASE = 12
_LONGEST_TOKEN = 128
_LONGEST_RUN = 10
_LONG_COMPACT = 7
_SHORTEST_DATE = 8

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_EDGE = ".,:;!?…*_~`'\"()[]{}<>«»„“”‚‘’|、。，：；！？（）「」"
_DIGIT = re.compile(r"\d")
_DIGITED = re.compile(r"(?<!\S)[^\s\d]*+\d\S*+")
_SPLIT = re.compile(r"[,;<>()\[\]{}\"'=&?|/:…、。，]")
_PIECE = re.compile(r"[^,;<>()\[\]{}\"'=&?|/:…、。，]+")
_ASCII_RUN = re.compile(r"[a-z0-9][a-z0-9._/#+\-]*+")
_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_NUMBER = re.compile(r"[€$£¥+\-#]{0,3}(?:[a-z]{3})?(\d[\d.,']*+)[a-z€$£¥%]{0,4}")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})(?!\d)")
_DAY_MONTH_YEAR = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|er|\.)?(?: of| de)? ([^\W\d]{3,10})\.?,?(?: de)? ((?:19|20|21)\d{2})\b"
)
_DAY_YEAR = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?,? ((?:19|20|21)\d{2})\b")
_LONGEST_MONTH = 12

_SHORTEST_WORD = 4
_LETTERS = re.compile(r"[^\W\d_]++")
_WORD = re.compile(r"[^\W\d_]++(?:[-'’.][^\W\d_]++)*+")
DASH = re.compile("[\u2010-\u2015\u2212]")

_MONTH_NAMES = (
    "january januar janvier enero gennaio januari jan",
    "february februar février febrero febbraio februari feb",
    "march märz mars marzo maart mar mär",
    "april avril abril aprile apr",
    "may mai mayo maggio mei",
    "june juni juin junio giugno jun",
    "july juli juillet julio luglio jul",
    "august août agosto augustus aug",
    "september septembre septiembre settembre sep sept",
    "october oktober octobre octubre ottobre oct okt",
    "november novembre noviembre nov",
    "december dezember décembre diciembre dicembre dec dez",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}


def fold(text: str) -> str:
    """One spelling of the same characters: NFKC, without invisible ones, in small letters. Never raises.

    Not `casefold`, by which `straße` and `strasse`, two hosts, would be one.
    """
    if text.isascii():
        return text.lower()
    normal = unicodedata.normalize("NFKC", text)
    return _INVISIBLE.sub("", normal).lower()


def is_folded(text: str) -> bool:
    """Whether folding changes nothing of a text but capitals, so that what is judged is what a program would use."""
    return text.isascii() or (unicodedata.is_normalized("NFKC", text) and fold(text) == text.lower())


def field_key(plain: str) -> str:
    """The key of a whole field; empty for an empty or long one."""
    return f"={plain}" if 0 < len(plain) <= LONGEST_FIELD else ""


def is_phrase(text: str) -> bool:
    """Whether a field's words, taken together, tell something: one word of four letters, a name of two, or three words and more."""
    words = text.split()
    if len(words) == 1:
        return is_word(single_spaced(words[0]))
    if len(words) == 2:
        return not any(word[0].islower() or not word[0].isalpha() for word in words)
    return len(words) > 2 and _SHORTEST_PHRASE <= len(text) <= LONGEST_FIELD


def is_word(plain: str) -> bool:
    """Whether a folded text is one word of at least four letters; marks within (`o'brien`, `anna-lena`) are part of it."""
    return _SHORTEST_WORD <= len(plain) <= LONGEST_FIELD and _WORD.fullmatch(plain) is not None


def words_of(plain: str) -> set[str]:
    """The words of a folded text: as `is_word` reads them, and without the marks within."""
    words = _WORD.findall(plain)
    return {part for word in words for part in (word, *_LETTERS.findall(word)) if len(part) >= _SHORTEST_WORD}


def number_key(number: Decimal) -> str:
    return f"#{number.normalize():f}"


def single_spaced(text: str) -> str:
    """The folded text with one space between words, as `atoms_of` reads it."""
    return " ".join(fold(text).split())


def atoms_of(plain: str) -> set[str]:
    """Ids, numbers, dates and grouped digits of a folded, single-spaced text; not its addresses and links.

    A dash of any length is also read as a hyphen, which people do not tell apart.
    """
    found: set[str] = set()
    if not plain.isascii() and DASH.search(plain):
        found |= atoms_of(DASH.sub("-", plain))
    run: list[str] = []
    end = -1
    for token in _DIGITED.finditer(plain):
        core = token[0].strip(_EDGE)
        if token.start() - end != 1 and run:
            _flush(run, found)
        if len(core) > _LONGEST_TOKEN or "//" in core or "@" in core:
            # an address or a link is one value by itself, and ends a group of digits
            found.update(_pieces(core))
            continue
        end = token.end()
        _read(core, found)
        run.append(core)
    if len(run) > 1:
        _flush(run, found)
    if any(key[0] == "#" and len(key) == 5 and key[1] in "12" for key in found):
        found.update(_named_dates(plain))
    return found


def whole_text(value: Scalar) -> str:
    """A whole value as it is compared: folded, and a number without trailing zeros, so that `17.0` is `17`."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{Decimal(value).normalize():f}"
        case str():
            return single_spaced(value)


def scalar_keys(value: Scalar) -> tuple[str, ...]:
    """The keys under which a whole value is indexed, the most exact first."""
    match value:
        case bool() | None:
            return ()
        case int() | Decimal():
            return number_keys(value)
        case str():
            return tuple(dict.fromkeys(_text_keys(single_spaced(value))))


def number_keys(value: int | Decimal) -> tuple[str, ...]:
    """The keys of a number: its amount, the whole field, and what it is as an id."""
    whole = whole_text(value)
    keys = (number_key(Decimal(value)), f"={whole}", f"i{whole}")
    return (*keys, f"n{whole}") if whole.isdecimal() and len(whole) >= _LONG_COMPACT else keys


def _text_keys(plain: str) -> Iterator[str]:
    whole = field_key(plain)
    if whole:
        yield whole
    core = plain.strip(_EDGE)
    if len(core) > _LONGEST_TOKEN or not _DIGIT.search(core):
        return
    if " " not in core:
        yield f"i{core}"
        yield from _number_keys(core)
        yield from _date_keys(core)
    else:
        yield from sorted(key for key in atoms_of(plain) if key[0] == "d")
    compact = _compact(core)
    if len(compact) >= _LONG_COMPACT:
        yield f"n{compact}"


def is_distinctive(key: str) -> bool:
    """Whether an id's key can stand for a record by itself: a bare short number or a short word never does."""
    core = key[1:]
    digits, letters = sum(map(str.isdigit, core)), sum(map(str.isalpha, core))
    return (digits > 0 and letters > 0 and len(core) >= 4) or digits >= 5 or (digits == 0 and letters >= 5)


def _read(core: str, found: set[str]) -> None:
    if not core.isascii() or _SPLIT.search(core):
        found.update(_pieces(core))
    found.add(f"i{core}")
    found.update(_number_keys(core))
    if len(core) >= _SHORTEST_DATE:
        found.update(_date_keys(core))
    compact = core if core.isalnum() else _compact(core)
    if len(compact) >= _LONG_COMPACT:
        found.add(f"n{compact}")


def _pieces(core: str) -> Iterable[str]:
    for piece in _PIECE.findall(core):
        trimmed = piece.strip("._-#*+")
        if _DIGIT.search(trimmed) and len(trimmed) <= _LONGEST_TOKEN and "@" not in trimmed:
            yield f"i{trimmed}"
            yield from _number_keys(trimmed)
    if not core.isascii():
        for piece in _ASCII_RUN.findall(core):
            trimmed = piece.rstrip("._/#+-")
            if len(trimmed) <= _LONGEST_TOKEN and _DIGIT.search(trimmed):
                yield f"i{trimmed}"
                yield from _number_keys(trimmed)


def _number_keys(core: str) -> tuple[str, ...]:
    plain = _PLAIN_NUMBER.fullmatch(core)
    if plain is not None:
        whole, fraction = plain[1].lstrip("0") or "0", (plain[2] or "").rstrip("0")
        return (f"#{whole}.{fraction}" if fraction else f"#{whole}",)
    written = _NUMBER.fullmatch(core)
    number = None if written is None else plain_number(written[1])
    return () if number is None else (number_key(number),)


def _date_keys(core: str) -> tuple[str, ...]:
    iso = _ISO_DATE.match(core)
    if iso:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]))
    written = _DAY_FIRST.match(core)
    if written is None:
        return ()
    first, mark, second, year = int(written[1]), written[2], int(written[3]), int(written[4])
    month_first = _date(year, first, second) if mark == "/" else ()
    return tuple(dict.fromkeys((*_date(year, second, first), *month_first)))


def _date(year: int, month: int, day: int) -> tuple[str, ...]:
    return (f"d{year:04}-{month:02}-{day:02}",) if 1 <= month <= 12 and 1 <= day <= 31 else ()


def _named_dates(plain: str) -> Iterator[str]:
    """`24 November 2026`, `24. November 2026`, `November 24, 2026`."""
    for written in _DAY_MONTH_YEAR.finditer(plain):
        yield from _date(int(written[3]), _MONTHS.get(written[2], 0), int(written[1]))
    for written in _DAY_YEAR.finditer(plain):
        word = plain[max(0, written.start() - _LONGEST_MONTH) : written.start()].rstrip(" .").rpartition(" ")[2]
        yield from _date(int(written[2]), _MONTHS.get(word, 0), int(written[1]))


def _compact(core: str) -> str:
    return "".join(filter(str.isalnum, core))


def _flush(run: list[str], found: set[str]) -> None:
    """Join neighbouring tokens with digits: `DE89 3704 0044`, `+49 170 1234567`, `1 234,50`."""
    compact = [_compact(token) for token in run]
    for start in range(len(run) - 1):
        joined = compact[start]
        for stop in range(start + 1, min(start + _LONGEST_RUN, len(run))):
            joined += compact[stop]
            if len(joined) >= _LONG_COMPACT:
                found.add(f"n{joined}")
        found.update(_spaced_number(run, start))
    run.clear()


def _spaced_number(run: list[str], start: int) -> tuple[str, ...]:
    """Thousands kept apart by spaces, up to the first group that has not three digits."""
    head = run[start].lstrip("€$£¥+-#")
    if not (head.isdecimal() and len(head) <= 3 and start + 1 < len(run)):
        return ()
    digits = head
    for token in run[start + 1 : start + 5]:
        if len(token) == 3 and token.isdecimal():
            digits += token
            continue
        written = _NUMBER.fullmatch(token)
        if written and token[:3].isdecimal() and token[3:4] in {",", "."}:
            return _number_keys(digits + written[1])
        break
    return () if digits == head else _number_keys(digits)
