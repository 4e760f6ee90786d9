"""The closed sets every other noun is built from."""

from enum import IntEnum, StrEnum


class Lens(StrEnum):
    """Three disciplines, equal in shape and blind to each other."""

    SAFETY = "safety"
    SECURITY = "security"
    COMPLIANCE = "compliance"


class Outcome(IntEnum):
    """What may become of an event, from loosest to strictest. INVARIANT: decisions combine by maximum."""

    ALLOW = 0
    MODIFY = 1
    HOLD = 2
    DENY = 3

    @property
    def word(self) -> str:
        """The lower-case word people and machines read: `allow`, `modify`, `hold`, `deny`."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Outcome":
        """Raises: KeyError for a word that is not an outcome."""
        return cls[word.upper()]


class Ran(StrEnum):
    """Whether a guard looked. Absence is not consent: these four are never confused."""

    JUDGED = "judged"
    NOT_APPLICABLE = "not_applicable"
    """It looked and the event is none of its business."""
    FAILED = "failed"
    """It raised, or answered outside its contract; its sheet's `on_error` is the outcome."""
    NOT_RUN = "not_run"
    """It is installed and was skipped; the verdict says why."""


class EventKind(StrEnum):
    INPUT = "input"
    MODEL_CALL = "model_call"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    OUTPUT = "output"


class Phase(StrEnum):
    PROPOSED = "proposed"
    """It has not happened; it happens only if it is released."""
    OBSERVED = "observed"
    """It has happened elsewhere; it can be recorded, and kept from the next model call."""


class Role(StrEnum):
    """Who speaks in one turn of a conversation."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Effect(StrEnum):
    """What a tool does to the world."""

    READ = "read"
    WRITE = "write"
    SEND = "send"
    SPEND = "spend"
    EXECUTE = "execute"


class ValueClass(StrEnum):
    """What kind of decision a value makes; DESIGN: argument classes of a tool sheet."""

    DESTINATION = "destination"
    OBJECT_ID = "object_id"
    AMOUNT = "amount"
    VALUE = "value"
    PATH = "path"
    URL = "url"
    TEXT = "text"
    TIME = "time"
