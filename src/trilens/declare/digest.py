"""The policy digest: one digest per meaning of a manifest, however it is written.

Comments, order of keys, quotes, `24h` or `1d`, `EUR 12.50` or `12.5 EUR` do not change it; what a prompt or source says does, where
its file lies does not. An address in a variable counts as the variable: an operator who moves an upstream changes no policy, and
an auditor can compute the digest without the operator's environment.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum

from trilens.vocabulary.canonical import Json, canonical, digest, plain
from trilens.vocabulary.system import Disclosure, Hazard, Model, Prompt, Source, System

_NOT_MEANT: Mapping[type, frozenset[str]] = {
    System: frozenset({"digest"}),
    Model: frozenset({"base_url"}),
    Prompt: frozenset({"text", "path"}),
    Source: frozenset({"text", "path"}),
    Hazard: frozenset({"place"}),
}
_ORDERED: frozenset[tuple[type, str]] = frozenset({(Disclosure, "text")})
"""Mappings whose order means something."""


def policy_digest(system: System, *, base_urls: Mapping[str, str]) -> str:
    """`sha256:` over the canonical form of what the system means.

    Args:
        base_urls: addresses by model as the manifest writes them, variables unresolved.
    """
    return digest(canonical({"system": meaning(system), "base_urls": meaning(base_urls)}))


def meaning(value: object) -> Json:
    """A noun as plain data. Fields that have their default are left out, so that a new one changes no digest."""
    if is_dataclass(value) and not isinstance(value, type):
        skipped = _NOT_MEANT.get(type(value), frozenset())
        return {
            f.name: _pairs(getattr(value, f.name))
            if (type(value), f.name) in _ORDERED
            else meaning(getattr(value, f.name))
            for f in fields(value)
            if f.name not in skipped and (f.default is MISSING or getattr(value, f.name) != f.default)
        }
    match value:
        case Enum():
            return value.name.lower()
        case Mapping():
            return _pairs(dict(sorted(value.items())))
        case frozenset():
            return sorted(str(item) for item in value)
        case tuple():
            return [meaning(item) for item in value]
        case None | str() | int() | Decimal():
            return plain(value)
        case _:
            raise TypeError(f"no canonical form for {type(value).__name__}")


def _pairs(items: Mapping[str, object]) -> Json:
    # pairs, since names of arguments and fields may lie outside ASCII
    return [[str(key), meaning(item)] for key, item in items.items()]
