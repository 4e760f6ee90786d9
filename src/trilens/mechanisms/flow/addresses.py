"""Addresses and links in text, however they are spelled.

Written outright (`ada@example.org`, `https://host/path`) they always count. Spelled around (`x (at) collect . example`, entities,
percent signs, base64, letters kept apart) they count too. Where a spelling is an ordinary word, such as a bare ` at `, it counts only
if what it yields was read before in the conversation, so that "looking at the terms" is harmless.

Linear in the text: patterns are tried only at marks found by `str.find`, on windows of fixed length.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from trilens.mechanisms.flow.atoms import fold, is_folded
from trilens.mechanisms.flow.hosts import dotted, hosts_outright
from trilens.mechanisms.flow.links import Link, links_in, parse_link
from trilens.mechanisms.flow.spellings import spell

_WINDOW = 96
_MOST_LABELS = 6


_LOCAL = re.compile(r"[\w.%+-]{1,64}\Z")
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_BRACKETED_AT = re.compile(r"[\[({<]\s?(?:at|ät|arroba|chez|bei)\s?[\])}>]")
_LABEL = re.compile(r"\s?([\w-]{1,63})")
_DOT = re.compile(r"\s?[\[({]\s?(?:\.|dot|punkt|point|punto)\s?[\])}]\s?|\s(?:dot|punkt|point|punto)\s|\s?\.\s?")
_UNSPACED = re.compile("[\u2e80-\U0003ffff]+")
_NOT_LOCAL = re.compile(r"[^\w.%+-]+")
_NOT_HOST = re.compile(r"[^\w.-]+")
_WORD_DOT = re.compile(r"[\[({]?\s?\b(?:dot|punkt|point|punto)\b\s?[\])}]?")
_HOSTLIKE = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]++)++")
_ASCII_HOSTLIKE = re.compile(r"(?<![a-z0-9.-])[a-z0-9-]++(?:\.[a-z0-9-]++)++")
_WORD = re.compile(r"[\w-]+")
_BEFORE_HOST = "([{<\"'„“”«»*_"
_AT_WORDS = ("@", "at", "ät", "arroba", "chez", "bei")
_BARE_AT = (" at ", " ät ", " arroba ", " chez ", "-at-", "_at_", "*at*", "|at|", "/at/")
_TOPS = frozenset(
    "com net org edu gov io co ai app dev info biz eu uk de fr es nl ch pl cz se dk fi pt ie ca au nz jp cn br ru xyz online site "
    "shop store top club live icu link click cloud page example test invalid localhost".split()
)
"""Last labels by which a bare host is one wherever it stands. Those that are English words (`it`, `me`) are left out."""


@dataclass(frozen=True, slots=True)
class Found:
    addresses: tuple[str, ...]
    links: tuple[Link, ...]
    """Bare hosts among them, where they stand as a chat client would make them links."""
    hosts: tuple[str, ...]
    """Other bare hosts, which were read before in the conversation."""
    spelled: tuple[str, ...] = ("",)
    """The text itself, folded, with single spaces; then each decoding of it."""
    is_whole: bool = True
    """False when it is coded in more ways than are read."""


class Known(Protocol):
    """What was read before: it decides where a spelling is an ordinary word."""

    def knows(self, key: str) -> bool:
        """Whether the conversation holds an atom."""
        ...

    def knows_host(self, label: str) -> bool:
        """False when no host that was read begins with this label."""
        ...


def find_addresses(text: str, known: Known) -> Found:
    """All addresses and links of a text, each once, in order of appearance."""
    addresses: dict[str, None] = {}
    links: dict[Link, None] = {}
    hosts: dict[str, None] = {}
    spelled = spell(text)
    for reading in spelled.texts:
        links.update(dict.fromkeys(links_in(reading)))
        tokens = tuple(dotted(reading))
        links.update(dict.fromkeys(map(parse_link, hosts_outright(tokens))))
        addresses.update(dict.fromkeys(_addresses(reading, known)))
        hosts.update(dict.fromkeys(_bare_hosts(reading, tokens, known)))
    covered = {link.host for link in links} | {address.rpartition("@")[2] for address in addresses}
    bare = tuple(host for host in hosts if host not in covered)
    return Found(tuple(addresses), tuple(links), bare, spelled.texts, spelled.is_whole)


def addresses_in(reading: str) -> tuple[str, ...]:
    """The addresses that stand outright in a folded text."""
    return tuple(dict.fromkeys(_addresses(reading, _NOTHING)))


def address_keys(spelled: Sequence[str], *, is_generous: bool) -> set[str]:
    """Atoms of the addresses and links of a text.

    Args:
        spelled: the text in all its readings.
        is_generous: also what only a helpful reader makes of it (`x at collect dot example`), as for text that may decide nothing.
    """
    keys: set[str] = set()
    for reading in spelled:
        found = _generous_addresses(reading) if is_generous else _addresses(reading, _NOTHING)
        for address in found:
            keys.update((f"@{address}", f"h{address.rpartition('@')[2]}"))
        tokens = tuple(dotted(reading))
        for link in (*links_in(reading), *map(parse_link, hosts_outright(tokens))):
            keys.add(f"u{link.url}")
            if link.host:
                keys.add(f"h{link.host}")
        keys.update(f"h{host}" for host in _hosts_mentioned(tokens))
    return keys


def plain_address(text: str) -> str:
    """The folded address when the text is exactly one, plainly written; empty otherwise.

    In full-width letters, or with invisible ones, it is none: what is sent to is the text as it was written.
    """
    folded = fold(text).strip()
    local, mark, host = folded.rpartition("@")
    is_plain = (
        bool(mark) and is_folded(text) and _LOCAL.fullmatch(local) is not None and _DOMAIN.fullmatch(host) is not None
    )
    return folded if is_plain else ""


class _Nothing:
    """Nothing was read before."""

    def knows(self, key: str) -> bool:  # noqa: ARG002
        return False

    def knows_host(self, label: str) -> bool:  # noqa: ARG002
        return False


_NOTHING = _Nothing()


def _marks(reading: str) -> Iterator[tuple[int, int, bool]]:
    """Start and stop of everything that may stand for `@`, and whether it is no ordinary word."""
    if not any(word in reading for word in _AT_WORDS):
        return
    at = reading.find("@")
    while at >= 0:
        yield at, at + 1, True
        at = reading.find("@", at + 1)
    if "[" in reading or "(" in reading or "{" in reading or "<" in reading:
        for found in _BRACKETED_AT.finditer(reading):
            yield found.start(), found.end(), True
    for word in _BARE_AT:
        at = reading.find(word)
        while at >= 0:
            yield at, at + len(word), False
            at = reading.find(word, at + len(word) - 1)


def _addresses(reading: str, known: Known) -> Iterator[str]:
    for start, stop, is_mark in _marks(reading):
        right = reading[stop : stop + _WINDOW].lstrip()
        is_host_known = known.knows_host(_first_label(right))
        if not is_mark and not is_host_known:
            continue
        left = reading[max(0, start - _WINDOW) : start].rstrip()
        local, domain = _local(left), _domain(right)
        strict = f"{local}@{domain}" if local and domain else ""
        if strict and known.knows(f"@{strict}"):
            yield strict
            continue
        spelled = next(_known_around(left, right, local, domain, known), "") if is_host_known else ""
        if spelled:
            yield spelled
        elif is_mark and strict:
            yield strict
        elif is_mark and local:
            yield from (f"{local}@{host}" for host in list(_progressive(right))[-1:])


def _first_label(right: str) -> str:
    """What would be the first label of a host here, once spaces and brackets are taken out."""
    head = _dots(right).partition(".")[0].replace(" ", "")
    return head if head.isalnum() else _NOT_HOST.sub("", head)


def _generous_addresses(reading: str) -> Iterator[str]:
    for start, stop, is_mark in _marks(reading):
        left, right = reading[max(0, start - _WINDOW) : start].rstrip(), reading[stop : stop + _WINDOW].lstrip()
        local, domain = _local(left), _domain(right)
        if not local:
            continue
        if domain and is_mark:
            yield f"{local}@{domain}"
        else:
            yield from (f"{local}@{host}" for host in _progressive(right))


def _local(left: str) -> str:
    """What stands directly before a mark; text of a script without spaces ends where it begins."""
    word = _NOT_LOCAL.split(left[left.rfind(" ") + 1 :])[-1][-64:]
    return (word if word.isascii() else _UNSPACED.split(word)[-1]).lstrip(".")


def _domain(right: str) -> str:
    found = _DOMAIN.match(right)
    if found is None:
        return ""
    domain = found[0]
    if not domain.isascii():
        head = _UNSPACED.split(domain)[0].rstrip(".-")
        domain = head if "." in head else domain
    # a price is no host
    return "" if domain.rpartition(".")[2].isdecimal() else domain


def _progressive(right: str) -> Iterator[str]:
    """Hosts of two, three, … labels, whatever stands for the dots."""
    label = _LABEL.match(right)
    host = ""
    for _ in range(_MOST_LABELS):
        if label is None:
            return
        host = f"{host}.{label[1]}" if host else label[1]
        if "." in host and not label[1].isdecimal():
            yield host
        dot = _DOT.match(right, label.end())
        if dot is None:
            return
        label = _LABEL.match(right, dot.end())


def _known_around(left: str, right: str, local: str, domain: str, known: Known) -> Iterator[str]:
    """Addresses read before that a mark's surroundings yield once spaces and brackets are taken out.

    A part of the address that stands there outright is not one: `ada@example.org` is not meant by `ada@example.org.test`.
    """
    host, name = _NOT_HOST.sub("", _dots(right))[:64], _NOT_LOCAL.sub("", left)[-64:]
    for stop in range(host.find(".") + 2, len(host) + 1):
        if not known.knows(f"h{host[:stop]}"):
            continue
        for start in range(len(name) - 1, -1, -1):
            is_part = local.endswith(name[start:]) and domain.startswith(host[:stop])
            if not is_part and known.knows(f"@{name[start:]}@{host[:stop]}"):
                yield f"{name[start:]}@{host[:stop]}"


def _hosts_mentioned(tokens: Sequence[str]) -> Iterator[str]:
    """Bare hosts to be known by: more than a chat client would link, since whoever wrote one may be asked for it later."""
    for token in tokens:
        if "@" not in token:
            for found in _hostlike(token):
                follows = token[token.find(found) + len(found) :][:1]
                if found.rpartition(".")[2] in _TOPS or (follows == "/" and not found[-1].isdigit()):
                    yield found


def _bare_hosts(reading: str, tokens: Sequence[str], known: Known) -> Iterator[str]:
    """Hosts read before: as they stand, or once the spaces and words around dots are taken out."""
    spoken = _dots(reading)
    if "." not in spoken[1:-1]:
        return
    for token in tokens:
        if not token.isascii() or any(map(known.knows_host, _WORD.findall(token))):
            for host in _hostlike(token):
                yield from (part for part in _above(host) if known.knows(f"h{part}"))
    joined = spoken.replace(" .", ".").replace(". ", ".")
    if joined == reading:
        return
    pieces = joined.split(".")
    for at, piece in enumerate(pieces[:-1]):
        label = piece[piece.rfind(" ") + 1 :].lstrip(_BEFORE_HOST)
        if label and known.knows_host(label):
            rest = ".".join(pieces[at + 1 : at + _MOST_LABELS]).split(" ", 1)[0]
            yield from (host for host in _heads(f"{label}.{rest}") if known.knows(f"h{host}"))


def _dots(reading: str) -> str:
    """With the words that stand for dots written as dots."""
    return _WORD_DOT.sub(".", reading) if "dot" in reading or "pun" in reading or "poin" in reading else reading


def _hostlike(token: str) -> Iterator[str]:
    for found in _HOSTLIKE.findall(token):
        yield found
        if not found.isascii():
            yield from _ASCII_HOSTLIKE.findall(found)


def _above(host: str) -> Iterator[str]:
    """A host and the domains above it."""
    labels = host.split(".")[-_MOST_LABELS:]
    return (".".join(labels[start:]) for start in range(len(labels) - 1))


def _heads(host: str) -> Iterator[str]:
    """A host that sentences may have been joined to: its first two labels, three, …"""
    labels = host.split(".")[:_MOST_LABELS]
    return (".".join(labels[:stop]) for stop in range(2, len(labels) + 1))
