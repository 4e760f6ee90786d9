"""Whether an answer opens with a text that its reader cannot miss, however the answer is rendered.

Every renderer hides in its own way: elements and styles of HTML, link titles, alternative texts, code, spoilers, comments, line marks. So no
markup is parsed: reading ends at the first character that could begin any, and what stands before it is plain to everybody.
"""

import re
import unicodedata

from trilens.mechanisms.content.shown import is_shown

_NEAR = 400
"""Characters that may stand before the text: a greeting, not a page."""
_LEAD = re.compile(r"[ \n]{0,3}(?=\S)")
"""Four spaces make code of a line, and an empty page is a page."""
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_MARKUP = re.compile(r"[<>\[\]{}`~|\\&%#]|:::|^\.\.")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode categories: controls, directions, and what has no shape of its own."""


def opens_with(wanted: str, answer: str) -> bool:
    """Whether `answer` begins with `wanted`, or says it as a sentence of its first paragraph before any markup.

    INVARIANT: what is shown stays shown however the answer goes on, since streams are judged as they grow; and a text put in front as a
    paragraph of its own is shown, whatever it is.
    """
    if f"{answer}\n\n".startswith(f"{wanted}\n\n"):
        return True
    beginning = answer[: _NEAR + len(wanted)].replace("\r\n", "\n")
    lead = _LEAD.match(beginning)
    return lead is not None and is_shown(wanted, _plain(_PARAGRAPH_END.split(beginning[lead.end() :], 1)[0]))


def _plain(paragraph: str) -> str:
    """What stands before the first character that may hide something."""
    markup = _MARKUP.search(paragraph)
    before = paragraph[: markup.start()] if markup else paragraph
    if before.replace("\n", " ").isprintable():
        return before
    unseen = (n for n, letter in enumerate(before) if letter != "\n" and unicodedata.category(letter) in _UNSEEN)
    return before[: next(unseen, len(before))]
