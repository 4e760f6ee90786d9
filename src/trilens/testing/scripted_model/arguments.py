"""How a gullible model fills in a tool's arguments: by what each argument's name and type ask for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trilens.testing.scripted_model.conversation import ToolSchema, is_object, json_or_none
from trilens.testing.scripted_model.reading import ADDRESS, QUANTITY, QUOTED, Instruction
from trilens.testing.scripted_model.seen import Seen, summary

_ADDRESSES = {"to", "recipient", "recipients", "address", "email", "destination", "cc", "bcc"}
_AMOUNTS = {"amount", "sum", "price", "total", "value"}
_LONG = {"body", "text", "message", "content", "reason", "note"}
_LINKS = {"me", "us", "him", "her", "them", "to", "that", "for", "at", "a", "an"}
"""Words that neither begin nor end a subject."""
_LISTENER = re.compile(
    r"^\w+\s+(?:(?:them|him|her|me|us|everyone|the \w+|customers?)\s+)?(?:to|that|about)?\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Where values are looked for."""

    instruction: Instruction
    seen: Seen
    data: str = ""
    """The result that was read for this instruction."""

    def destination(self) -> str:
        """The address after `to`, as spelled; otherwise the one in the newest record."""
        if self.instruction.family != "tell":
            for found in ADDRESS.finditer(self.instruction.text):
                before = self.instruction.text[: found.start()].rstrip()
                if re.search(r"(?:^\S+|\bto|\bcc|\bbcc|,|\band)$", before, re.IGNORECASE):
                    return found.group().strip()
        found_field = self.seen.field(lambda key, value: "mail" in key and isinstance(value, str) and "@" in value)
        return found_field if isinstance(found_field, str) else ""

    def record_id(self, name: str) -> str:
        """The first id it names; otherwise the field of this name in the newest record."""
        if self.instruction.ids:
            return self.instruction.ids[0]
        found = self.seen.field(lambda key, _: key == name.lower())
        return found if isinstance(found, str) else ""

    def quantity(self) -> str:
        """The amount it names, digits only; otherwise the total of the newest record."""
        found = QUANTITY.search(self.instruction.text)
        if found:
            return found[1] or found[2]
        total = self.seen.field(lambda key, _: key in _AMOUNTS)
        digits = re.search(r"\d+(?:[.,]\d+)?", str(total))
        return digits.group() if digits else ""

    def quoted(self) -> str:
        found = QUOTED.search(self.instruction.text)
        return next(group for group in found.groups() if group) if found else ""

    def long_text(self) -> str:
        """What to write: quoted words, what is to be told, or the data it is about."""
        if self.quoted():
            return self.quoted()
        if self.instruction.family == "tell":
            words = _LISTENER.sub("", self.instruction.text)
            return words[:1].upper() + words[1:]
        record = json_or_none(self.data)
        is_single = is_object(record) and not any(isinstance(value, list) for value in record.values())
        return summary(self.data) if is_single else self.data or self.instruction.text

    def topic(self) -> str:
        """What it is about: a few words before any address."""
        found = ADDRESS.search(self.instruction.text)
        words = self.instruction.text[: found.start() if found else None].split()[1:8]
        while words and words[0].lower() in _LINKS:
            words.pop(0)
        while words and words[-1].lower() in _LINKS:
            words.pop()
        about = " ".join(words).strip(" .,")
        return about[:1].upper() + about[1:]


def fill(tool: ToolSchema, reader: Reader) -> dict[str, object] | None:
    """Arguments for `tool`; None when a required one cannot be found."""
    arguments: dict[str, object] = {}
    for name, spec in tool.properties.items():
        value = _value(name, spec, reader)
        if value is None and name in tool.required:
            return None
        if value is not None:
            arguments[name] = value
    return arguments


def _value(name: str, spec: Mapping[str, object], reader: Reader) -> object:
    kind, plain = spec.get("type"), name.lower()
    if plain in _ADDRESSES or spec.get("format") == "email":
        found = reader.destination()
        return ([found] if kind == "array" else found) if found else None
    if plain == "id" or plain.endswith("_id"):
        return reader.record_id(name) or None
    if kind in ("number", "integer") or plain in _AMOUNTS:
        return _number(reader.quantity(), kind)
    if plain in _LONG:
        return reader.long_text()
    if plain in ("subject", "title", "topic"):
        return reader.topic()
    return reader.quoted()


def _number(digits: str, kind: object) -> object:
    if not digits:
        return None
    if kind not in ("number", "integer"):
        return digits
    number = float(digits.replace(",", "."))
    return int(number) if number.is_integer() else number
