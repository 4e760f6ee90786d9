"""Ask a real endpoint instead of the script, so that its requests are counted and its failures injected all the same."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from trilens.testing.scripted_model.completion import Reply, error_body
from trilens.testing.scripted_model.conversation import is_object, json_or_none, read_conversation

_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    reply: Reply
    """Its text and calls, when it is a whole completion."""


class Relay:
    """One real endpoint. Blocking: call it from a thread."""

    def __init__(self, base_url: str) -> None:
        """`base_url`: with its version, such as `http://127.0.0.1:8091/v1`; http or https."""
        if not base_url.startswith(("http://", "https://")):
            raise ValueError("a relay address begins with http:// or https://")
        self._base_url = base_url.rstrip("/")
        self._names: tuple[str, ...] | None = None

    def ask(self, body: Mapping[str, object], authorization: str) -> Answer:
        """Send a request on, under a model name the endpoint knows."""
        sent = dict(body) | {"model": self._model(str(body.get("model", "")), authorization)}
        return self._fetch("/chat/completions", authorization, json.dumps(sent).encode())

    def _model(self, wanted: str, authorization: str) -> str:
        if self._names is None:
            listing = json_or_none(self._fetch("/models", authorization).body.decode("utf-8", "replace"))
            models = listing.get("data") if is_object(listing) else None
            self._names = tuple(str(m["id"]) for m in models if "id" in m) if isinstance(models, list) else ()
        return wanted if wanted in self._names or not self._names else self._names[0]

    def _fetch(self, path: str, authorization: str, data: bytes | None = None) -> Answer:
        headers = {"content-type": "application/json", "authorization": authorization}
        request = urllib.request.Request(self._base_url + path, data, headers)  # noqa: S310 -- the scheme is checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 -- the scheme is checked above
                return _answer(response.status, response.headers.get("content-type", ""), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers.get("content-type", ""), error.read())
        except OSError as error:
            reason = f"the endpoint cannot be reached: {type(error).__name__}"
            return _answer(502, "application/json", error_body(reason, "relay"))


def _answer(status: int, content_type: str, body: bytes) -> Answer:
    return Answer(status, content_type, body, _reply(body))


def _reply(body: bytes) -> Reply:
    completion = json_or_none(body.decode("utf-8", "replace"))
    choices = completion.get("choices") if is_object(completion) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if is_object(first) else None
    if not is_object(message):
        return Reply()
    said = read_conversation({"messages": [message]}).messages[0]
    return Reply(said.text, said.calls)
