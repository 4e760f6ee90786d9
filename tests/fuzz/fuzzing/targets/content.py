"""Texts anybody may have written: claims and their values, sentences, hidden characters, codings and secrets. Every span stands in its text."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol

from fuzzing.target import Target, law

from trilens.mechanisms.content.claims import claims_in, read_text
from trilens.mechanisms.content.fold import fold
from trilens.mechanisms.content.sentences import split_clauses, split_sentences
from trilens.mechanisms.scanning.coded import undo
from trilens.mechanisms.scanning.plain import plain
from trilens.mechanisms.scanning.secret_forms import secret_forms
from trilens.mechanisms.unicode.invisible import hidden_in, without
from trilens.mechanisms.unicode.lookalikes import mixed_words

_SEEDS = tuple(
    text.encode()
    for text in (
        "You may return it within 30 days, until 24 December 2026; we refund 49.99 EUR (12.5 %) minus €5.",
        "Erstattung bis 24.12.2026: 1.234,50 €, keine Gebühr. Nicht länger als zwei Wochen!",
        "It is 2026-11-24T12:00Z. At 5 p.m., three of twenty-five; half of it. No refunds after 90 days.",
        "key sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD and c2stYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo= or %73%6b%2d%61",
        "p\u0430ypal \u202eevil\u202c a\u200bb \U000e0041\U000e0042 ⅷ ﬁve ①② 一二三 \u0662\u0663",
    )
)
_WORDS = tuple(
    text.encode()
    for text in (
        *(
            "EUR",
            "€",
            " %",
            "days",
            "within",
            "not",
            "no later than",
            "2026",
            "24.12.",
            "November",
            "half",
            "1,000.00",
            "1/2",
            "\u00bd",
        ),
        *(
            "\u200b",
            "\u202e",
            "\u2066",
            "\U000e0041",
            "\ufe0f",
            "\u0301" * 40,
            "\u1100\u1161",
            "İ",
            "ß",
            "\u2028",
            "\n\n",
            "- ",
            "%25",
            "=3D",
        ),
        *("c2stYWJj", "6465616462656566", "sk-", "AKIA", "-----BEGIN PRIVATE KEY-----", "ghp_", "eyJ", "://u:p@h"),
    )
)


class _Spanned(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


def _within(spans: Iterable[_Spanned], text: str, what: str) -> None:
    law(all(0 <= one.start < one.stop <= len(text) for one in spans), f"{what} stand in the text")


def _claims(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    claims = claims_in(text)
    law(claims == claims_in(text), "the same text says the same")
    law(all(0 <= claim.span.start < claim.span.stop <= len(text) for claim in claims), "claims stand in the text")
    read_text(text, most=3)


def _sentences(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    sentences = split_sentences(text)
    _within(sentences, text, "sentences")
    law(
        all(one.stop <= other.start for one, other in pairwise(sentences)),
        "in order, none in another",
    )
    law(all(0 <= one.start <= len(text) for one in split_clauses(text)), "clauses begin in the text")
    fold(text)
    plain(text)


def _hidden(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    hidden = hidden_in(text)
    _within(hidden, text, "hidden characters")
    law(hidden_in(without(text, hidden)) == (), "taken out, none is left")
    for mixed in mixed_words(text):
        law(mixed is not None, "a mixed word is one")


def _coded(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    decoded = tuple(undo(text))
    _within(decoded, text, "codings")
    law(sum(len(one.text) for one in decoded) <= 4 * len(text), "nothing grows by being undone")


def _secrets(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = secret_forms().find(text)
    _within(found, text, "secrets")
    law(all(one.stop <= other.start for one, other in pairwise(found)), "in order, none in another")


TARGETS = tuple(
    Target(name, run, _SEEDS, _WORDS, cost)
    for name, run, cost in (
        ("content-claims", _claims, 6),
        ("content-sentences", _sentences, 3),
        ("content-hidden", _hidden, 1),
        ("content-coded", _coded, 1),
        ("content-secrets", _secrets, 1),
    )
)
