"""A request without the results that its model must not see: each holds the reason in place of what the tool answered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import orjson

from trilens.gateways.openai.inbound import Inbound


def without(inbound: Inbound, withheld: Mapping[int, str]) -> Inbound:
    """The request as it may be sent; the very one received when nothing is withheld.

    Args:
        withheld: reason by index of the message.
    """
    if not withheld:
        return inbound
    messages = cast("list[Mapping[str, object]]", inbound.body["messages"])
    kept = [_silenced(message, withheld.get(at)) for at, message in enumerate(messages)]
    body = {**inbound.body, "messages": kept}
    return replace(inbound, raw=orjson.dumps(body), body=body)


def _silenced(message: Mapping[str, object], reason: str | None) -> Mapping[str, object]:
    if reason is None:
        return message
    # INVARIANT: nothing of the result is left, in whatever field it was
    return {"role": "tool", "tool_call_id": message["tool_call_id"], "content": reason}
