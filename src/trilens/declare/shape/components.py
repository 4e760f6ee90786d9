"""`models`, `prompts`, `sources`: what the system is made of besides its tools."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from trilens.declare.shape.base import FilePath, Name, Shape, Text, matching, wrong

BASE_URL = r"\$[A-Za-z_][A-Za-z0-9_]{0,63}|https?://[A-Za-z0-9.:\[\]_-]{1,253}(?:/[A-Za-z0-9._~/-]{0,512})?"
BaseUrl = Annotated[
    str,
    matching(
        BASE_URL,
        "manifest/base-url",
        "an http(s) address without user, query or fragment, or `$NAME`",
        "write the address, or the environment variable that holds it: `$UPSTREAM_URL`",
        secret=True,
    ),
    WithJsonSchema({"type": "string", "pattern": f"^({BASE_URL})$"}),
]

KEY = r"env:[A-Za-z_][A-Za-z0-9_]{0,63}"

Key = Annotated[
    str,
    matching(
        KEY,
        "manifest/key-reference",
        "a reference to a key, such as `env:UPSTREAM_KEY`",
        "never write a key into the manifest",
        secret=True,
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{KEY}$"}),
]


def _date(text: str) -> str:
    try:
        is_date = dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise wrong("manifest/date", f"expected a date, got `{text}`", "write year, month and day: `2027-03-01`")
    return text


Date = Annotated[str, AfterValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


class ModelShape(Shape):
    """A model at one processor. Requests go to its address with its key and nowhere else."""

    name: Text
    """The name sent upstream."""
    base_url: BaseUrl
    """Address of an OpenAI-compatible API, or `$NAME` for an environment variable that holds it."""
    key: Key
    """Where the key is found, `env:NAME`; never the key itself."""
    region: Name
    """Where it processes what it is sent."""
    processor: Name
    """Who processes it."""
    reads: list[Name] = Field(default_factory=list)
    """Data categories its processor may read. A conversation that carries another one is not sent."""
    fallback: list[Name] = Field(default_factory=list)
    """Models to try next, in this order. Each is judged as if it were asked first."""


class PromptShape(Shape):
    """The operator's words. A system turn that equals no declared prompt is treated as a third party's."""

    path: FilePath
    """File with the text, relative to the manifest."""


class SourceShape(Shape):
    """A document the system may rely on."""

    path: FilePath
    """File with the text, relative to the manifest."""
    integrity: Literal["internal", "third_party"]
    """Who wrote it: the organisation, or anybody else."""
    readers: list[Name] = Field(min_length=1)
    """Who may read it: `public`, or entries of `people`."""
    approved_by: Name | None = None
    """Operator who vouches for what it says."""
    review_by: Date | None = None
    """Day until which that holds."""
