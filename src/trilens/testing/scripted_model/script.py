"""What a scripted model says and how its connection misbehaves.

A script is a list of steps. The first step whose `when` fits the conversation, and that has plays left, answers; when none does, a
gullible script obeys what it has read and any other script refuses with 422, which no client retries.

    gullible: false
    steps:
      - name: promise
        when: {user: "how long .* return"}
        say: You can return it within 90 days.
      - name: look
        when: {user: "where is"}
        call: [{tool: lookup_order, args: {order_id: A-1002}}]
      - name: found
        when: {tool: lookup_order, result: shipped}
        say: It is on its way.
        times: 1
        fault: {cut: true}
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from trilens.errors import SettingsError
from trilens.testing.scripted_model.conversation import Conversation


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Natural = Annotated[int, Field(ge=0)]
Status = Annotated[int, Field(ge=0, le=599)]
Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression, searched without regard to case; empty fits everything."""


class Fault(_Strict):
    """How the answer goes wrong. Parts combine: a delay before a status, a drip before a cut."""

    delay_ms: Natural = 0
    """Silence before the first byte."""
    hang: bool = False
    """Never answers; the connection stays open until the client leaves."""
    status: Status = 0
    """Answers with this status and an error body; 0 for none."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Added to the answer, such as `retry-after`."""
    redirect: str = ""
    """Answers 307 to this address."""
    content_type: str = ""
    """Claims this type instead of the right one."""
    body: str | None = None
    """Sends this text instead of a completion."""
    garbage: str = ""
    """Sends this text in the middle of a completion."""
    cut: bool = False
    """Closes the connection half-way."""
    drip_ms: Natural = 0
    """Silence between two pieces of the answer."""
    no_terminal: bool = False
    """Leaves out the finish reason and, of a stream, `[DONE]`; the transfer itself ends in order."""
    duplicate_ids: bool = False
    """Gives all tool calls of the answer the same id."""


class Call(_Strict):
    tool: str
    args: dict[str, object] | str = Field(default_factory=dict)
    """Written as JSON; text is sent as it stands, so that it need not be JSON."""
    id: str = ""
    """Empty: numbered by the server."""


class When(_Strict):
    """All given parts must fit."""

    user: Pattern = ""
    """Searched in the last user message. Without `tool` or `result` it fits only while that is the last message."""
    tool: str = ""
    """The tool that one of the last messages answers."""
    result: Pattern = ""
    """Searched in the text of those results."""
    system: Pattern = ""
    """Searched in all system messages."""
    model: str = ""
    """The model named in the request."""

    def fits(self, conversation: Conversation) -> bool:
        """Whether a step under this condition may answer."""
        results = conversation.last_results
        if self.tool or self.result:
            if not any(
                (not self.tool or result.tool == self.tool) and _found(self.result, result.text) for result in results
            ):
                return False
        elif self.user and results:
            return False
        return (
            (not self.model or self.model == conversation.model)
            and _found(self.user, conversation.last_user)
            and _found(self.system, conversation.system)
        )


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None


class Step(_Strict):
    """One thing the model says."""

    name: str = ""
    when: When = When()
    say: str = ""
    call: tuple[Call, ...] = ()
    times: Natural = 0
    """How often it may answer; 0 for always."""
    fault: Fault = Fault()
    obey: bool = False
    """Answers as a gullible model would, under this step's fault."""


class Script(_Strict):
    steps: tuple[Step, ...] = ()
    gullible: bool = False
    """Obeys any instruction it reads when no step fits."""


def parse_script(text: str, file: str = "script") -> Script:
    """Read a script from YAML.

    Raises:
        SettingsError: it is not YAML, or has keys or values a script does not have; code `script/malformed`.
    """
    try:
        return Script.model_validate(YAML(typ="safe", pure=True).load(text) or {})
    except YAMLError as error:
        raise SettingsError("script/malformed", f"`{file}` is not YAML") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError("script/malformed", f"`{where}` in `{file}`: {first['msg'].lower()}") from error


def read_script(path: Path) -> Script:
    """Read a script from a file. Raises: SettingsError, as `parse_script`, and when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("script/malformed", f"cannot read script `{path}`") from error
    return parse_script(text, path.name)
