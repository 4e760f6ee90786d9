"""What a gullible model remembers of tool results."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trilens.testing.scripted_model.conversation import Conversation, Message, is_object, json_or_none

_SHORT = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """All tool results of the conversation, oldest first."""

    results: tuple[Message, ...]

    @classmethod
    def of(cls, conversation: Conversation) -> "Seen":
        return cls(tuple(message for message in conversation.messages if message.role == "tool"))

    def newest_of(self, tool: str) -> str:
        """The newest result of `tool`; empty when there is none."""
        return next((message.text for message in reversed(self.results) if message.tool == tool), "")

    def field(self, is_wanted: Callable[[str, object], bool]) -> object:
        """The first field that is wanted, in the newest result that is one record; None when there is none."""
        for message in reversed(self.results):
            record = json_or_none(message.text)
            if is_object(record):
                for key, value in record.items():
                    if is_wanted(key.lower(), value):
                        return value
        return None


def summary(text: str) -> str:
    """A result in a line: short fields of a record, or how many things a collection holds."""
    record = json_or_none(text)
    if not is_object(record):
        return text if len(text) <= 80 else ""
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in _short_fields(record))


def _short_fields(record: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in record.items():
        match value:
            case bool() | None:
                continue
            case int() | float():
                yield key, value
            case str() if value and len(value.split()) <= _SHORT and "@" not in value:
                yield key, value
            case list():
                yield key, f"{len(value)} found"
            case _:
                continue
