"""What the shapes refuse, in the author's words and at the author's line."""

import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from trilens.declare.document import Document, Leaf, Loc, spelled_path
from trilens.declare.keys import known_keys
from trilens.declare.shape.base import LONG, SHORT
from trilens.declare.suggest import did_you_mean, spelled
from trilens.errors import ManifestError

_MISMATCHES: Mapping[str, tuple[str, str]] = {
    "string_type": ("manifest/text", "text"),
    "bool_type": ("manifest/boolean", "`true` or `false`"),
    "int_type": ("manifest/version", "a whole number"),
    "list_type": ("manifest/list", "a list"),
    "dict_type": ("manifest/mapping", "keys with values"),
    "model_type": ("manifest/mapping", "keys with values"),
    "union_tag_not_found": ("manifest/word-or-mapping", "a word or keys with values"),
}
"""Kind of a finding to its code and to what was expected."""


def written(loc: Loc) -> Loc:
    """Without the marks of the two forms, which no author wrote."""
    return tuple(step for step in loc if step not in (SHORT, LONG))


def problem_of(document: Document, detail: ErrorDetails) -> ManifestError:
    """What one finding of pydantic means to the author."""
    full, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    loc = written(full)
    match kind:
        case "manifest":
            return _own(document, loc, context)
        case "extra_forbidden":
            message, hint = f"unknown key `{loc[-1]}`{_inside(loc)}", did_you_mean(str(loc[-1]), known_keys(full[:-1]))
            return document.error("manifest/unknown-key", message, at=loc, key=True, hint=hint)
        case "missing":
            message = f"missing key `{loc[-1]}`{_inside(loc)}"
            hint = f"add `{loc[-1]}:`; `trilens explain manifest/missing-key` says where keys are described"
            return document.error("manifest/missing-key", message, at=loc[:-1], key=True, hint=hint)
        case "literal_error" | "enum":
            return _word(document, loc, str(context["expected"]), detail["input"])
        case _ if kind in _MISMATCHES:
            return _mismatch(document, full, kind, detail["input"])
        case _:
            message = f"{_length(context) or _sentence(detail['msg'])} in `{spelled_path(loc)}`"
            return document.error("manifest/length", message, at=loc, hint="add or remove some")


def _own(document: Document, loc: Loc, context: Mapping[str, object]) -> ManifestError:
    """A finding that `shape.base.wrong` worded."""
    is_key = bool(loc) and loc[-1] == "[key]"
    at = loc[:-1] if is_key else loc
    message = f"{context['message']} in `{spelled_path(at)}`"
    return document.error(str(context["code"]), message, at=at, key=is_key, hint=str(context["help"]))


def _mismatch(document: Document, full: Loc, kind: str, value: object) -> ManifestError:
    loc = written(full)
    code, expected = _MISMATCHES[kind]
    hint = _mismatch_hint(full, kind, value)
    if kind == "string_type" and document.is_hidden(loc):
        code, expected, hint = _KEY_REFERENCE
    message = f"expected {expected}, got {_got(document, loc, value)} in `{spelled_path(loc)}`"
    return document.error(code, message, at=loc, hint=hint)


_KEY_REFERENCE = (
    "manifest/key-reference",
    "a reference such as `env:UPSTREAM_KEY`",
    "never write a key into the manifest",
)


def _mismatch_hint(full: Loc, kind: str, value: object) -> str:
    match kind:
        case "string_type":
            return "put it in double quotes"
        case "bool_type":
            return _BOOLEAN_HINTS.get(str(value).casefold(), "write `true` or `false` without quotes")
        case "int_type":
            return "write `trilens: 1`"
        case "list_type":
            return "write `[one, two]`"
        case "union_tag_not_found":
            return _keys_hint((*full, LONG))
        case _:
            return _keys_hint(full)


_BOOLEAN_HINTS = {
    word: f"`{word}` is text in YAML 1.2: write `{meant}`"
    for words, meant in ((("yes", "on", "y"), "true"), (("no", "off", "n"), "false"))
    for word in words
}


def _word(document: Document, loc: Loc, expected: str, value: object) -> ManifestError:
    words = re.findall(r"'([^']*)'", expected)
    message = f"expected {spelled(words, 'or')}, got {_got(document, loc, value)} in `{spelled_path(loc)}`"
    choose = "choose one of them"
    hint = did_you_mean(value, words, otherwise=choose) if isinstance(value, str) else choose
    return document.error("manifest/word", message, at=loc, hint=hint)


def _inside(loc: Loc) -> str:
    return f" in `{spelled_path(loc[:-1])}`" if len(loc) > 1 else ""


def _got(document: Document, loc: Loc, value: object) -> str:
    if document.is_hidden(loc):
        return "something else"
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            node = document.node(loc)
            return f"the number `{node.text if isinstance(node, Leaf) else value}`"
        case str():
            return f"`{_short(value)}`"
        case list():
            return "a list"
        case dict():
            return "keys with values"
        case _:
            return "something else"


def _short(text: str) -> str:
    line = " ".join(text.split())
    shown = "".join(c if c.isprintable() else "?" for c in line)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _keys_hint(loc: Loc) -> str:
    keys = known_keys(loc)
    return f"write `{{{keys[0]}: …}}`; known here: {spelled(keys, 'and')}" if keys else "write `{name: …}`"


def _length(context: Mapping[str, object]) -> str:
    """`expected at most 1, got more`."""
    bound = next((f"at {side} {context[key]}" for side, key in _BOUNDS if key in context), "")
    got = context.get("actual_length")
    return f"expected {bound}, got {'more' if got is None else got}" if bound else ""


_BOUNDS = (("least", "min_length"), ("most", "max_length"))


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:]
