"""The body of an operator's request: a small JSON object, read once, with no key twice and none that means nothing."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import Request

from trilens.errors import WireError
from trilens.gateways.strict import strict_object

LARGEST = 1_048_576
"""Bytes; an edit carries whole arguments."""

T = TypeVar("T", str, bool)


async def read_body(request: Request) -> dict[str, object]:
    """The object; an empty body is an empty one.

    Raises:
        WireError: too large (413), not declared as JSON (415), or not a strict JSON object (400).
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise WireError("wire/too-large", f"the body is larger than {LARGEST} bytes", status=413)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media != "application/json":
        # a form sent by a web page is never a decision
        raise WireError("wire/media-type", "the body must be `application/json`", status=415)
    return strict_object(bytes(body)) if body else {}


def field_of(body: Mapping[str, object], name: str, kind: type[T], *, default: T | None = None) -> T:
    """Raises: WireError `wire/operator-body` when it is missing without a default, or of another type."""
    value = body.get(name, default)
    if not isinstance(value, kind):
        wanted = "text" if kind is str else "true or false"
        raise WireError("wire/operator-body", f"`{name}` must be {wanted}", status=422)
    return value


def no_others(body: Mapping[str, object], *known: str) -> None:
    """Raises: WireError `wire/operator-body` for a key that means nothing: a misspelt `dry_run` must not act."""
    unknown = sorted(set(body).difference(known))
    if unknown:
        raise WireError(
            "wire/operator-body",
            "the body has a key that means nothing here",
            help=f"known: {', '.join(known)}",
            status=422,
        )
