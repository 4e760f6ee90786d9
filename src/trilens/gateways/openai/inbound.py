"""A request's bytes as turns: parsed once, never trusted.

Unknown fields pass: they are sent as they came. Refused by name is what would carry something past the guards: in, out, or to another
model (`REFUSED`; docs/design/gateway.md has the same table).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

import orjson

from trilens.errors import WireError
from trilens.gateways.openai.wire import read_calls, read_text, unsupported, wrong_type
from trilens.gateways.strict import strict_object
from trilens.vocabulary.event import Turn
from trilens.vocabulary.outcome import Role

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}
_MORE_THAN_WORDS = frozenset({"audio", "refusal", "tool_calls", "function_call"})
_OTHER_WORDS = "the messages would be read in other words than they have, or in part"
REFUSED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "another model or server would answer, which nobody judged": (
            *("models", "model_list", "route", "provider", "providers", "preset", "fallbacks", "default_fallbacks"),
            *("context_window_fallbacks", "content_policy_fallbacks", "mock_testing_fallbacks", "custom_llm_provider"),
            *("api_base", "base_url", "api_key", "api_version", "deployment_id", "user_config", "router_settings"),
            *("extra_headers", "headers", "extra_query", "organization", "region_name", "aws_region_name"),
            *("aws_bedrock_runtime_endpoint", "vertex_location", "vertex_project", "lora_path", "safety_model"),
        ),
        "the model would read what is not among the messages": (
            *("prompt", "prompt_id", "prompt_label", "prompt_variables", "prompt_version", "input", "instructions"),
            *("system", "previous_response_id", "conversation", "session_params", "context_management"),
            *("documents", "data_sources", "dataSources", "connectors", "vector_store_ids", "retrieval", "files"),
            *("prompt_embeds", "prompt_token_ids", "input_ids", "input_embeds", "kv_transfer_params"),
            *("cached_content", "extra_body", "prediction", "container", "skills"),
        ),
        _OTHER_WORDS: (
            *("transforms", "chat_template", "mm_processor_kwargs", "media_io_kwargs"),
            *("continue_final_message", "echo", "truncation", "truncate_prompt_tokens", "prompt_truncate_len"),
        ),
        "a server would act or look things up out of our sight": (
            *("plugins", "mcp_servers", "web_search_options", "web_search", "search_parameters", "search_settings"),
            *("enable_search", "search_options", "compound_custom", "enhancements", "agent_id", "guardrails"),
            *("callbacks", "success_callback", "failure_callback", "logits_processors", "custom_logit_processor"),
        ),
        "the answer would be another's, come later, or not be words and calls": (
            *("background", "deferred", "mock_response", "mock_tool_calls", "audio", "image_config"),
            *("return_images", "return_related_questions", "return_hidden_states"),
        ),
        "legacy calls, which agents take for tool calls": ("functions", "function_call"),
    }
)
"""Fields by the reason they are refused, unless they are null or false. Sampling and bookkeeping pass.

Source: vLLM (`ChatCompletionRequest`, `ResponsesRequest`), read 2026-11-25; LiteLLM, OpenRouter and Azure OpenAI, in excerpts. The others are names that servers of the same interface are known to take; the table grows as more are found.
"""
MOST_MESSAGES = 10_000
"""Of one conversation. Each is judged and recorded when it is first seen, and meanwhile everybody else waits."""
_REASONS = {name: reason for reason, names in REFUSED.items() for name in names}


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request for a completion as received."""

    raw: bytes
    body: Mapping[str, object]
    turns: tuple[Turn, ...]
    model: str
    """As the client names it."""
    is_stream: bool

    def for_model(self, name: str) -> bytes:
        """The body to send to the model of that name: the very bytes received when it is the one they name."""
        return self.raw if name == self.model else orjson.dumps({**self.body, "model": name})

    def canonical(self) -> bytes:
        """The whole request in one spelling, its messages by their digests."""
        rest = {name: value for name, value in self.body.items() if name != "messages"}
        spelled = orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)
        return b"".join((*(turn.digest for turn in self.turns), spelled))


def read_request(raw: bytes) -> Inbound:
    """Read the body of a request for a completion.

    Raises:
        WireError: a `wire/…` code that names what cannot be accepted.
    """
    body = strict_object(raw)
    _refuse_unjudged(body)
    model, stream, messages = body.get("model"), body.get("stream"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise wrong_type("model", "the name of a model")
    if stream is not None and not isinstance(stream, bool):
        raise wrong_type("stream", "true or false")
    if not isinstance(messages, list) or not messages:
        raise wrong_type("messages", "a list with at least one message")
    if len(messages) > MOST_MESSAGES:
        raise WireError(
            "wire/too-many-messages", f"the conversation has more than {MOST_MESSAGES} messages", status=413
        )
    turns = tuple([_turn(message, n) for n, message in enumerate(messages)])
    return Inbound(raw, body, turns, model, bool(stream))


def _refuse_unjudged(body: Mapping[str, object]) -> None:
    for name, value in body.items():
        if name in _REASONS and value is not None and value is not False:
            raise unsupported("wire/unsupported", f"`{name}`", why=_REASONS[name])
    if not _are_switches(body.get("chat_template_kwargs")):
        raise unsupported("wire/unsupported", "`chat_template_kwargs` other than true or false", why=_OTHER_WORDS)
    if body.get("n", 1) not in (1, None):
        raise unsupported("wire/unsupported", "`n` other than 1")
    if body.get("modalities", ["text"]) not in (["text"], None):
        raise unsupported("wire/unsupported", "`modalities` other than text")
    tools = body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list):
        raise wrong_type("tools", "a list")
    for position, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise wrong_type(f"tools[{position}]", "an object")
        if tool.get("type") != "function":
            raise unsupported("wire/unsupported", f"`tools[{position}]`, which is no function,")


def _are_switches(named: object) -> bool:
    """What a template is told, such as `enable_thinking: false`: switches say nothing to the model in anybody's words."""
    return named is None or (isinstance(named, dict) and all(isinstance(value, bool) for value in named.values()))


def _turn(message: object, position: int) -> Turn:
    if not isinstance(message, dict):
        raise wrong_type(_at(position), "an object")
    role = _ROLES.get(written) if isinstance(written := message.get("role"), str) else None
    content = message.get("content")
    if isinstance(content, str):
        text = content
    elif content is None and role is not Role.ASSISTANT and role is not None:
        raise wrong_type(f"{_at(position)}.content", "text or a list of parts")
    else:
        text = read_text(content, f"{_at(position)}.content")
    # one spelling, so that the same message is the same turn
    digest = sha256(orjson.dumps(message, option=orjson.OPT_SORT_KEYS)).digest()
    match role:
        case Role.USER | Role.SYSTEM:
            return Turn(role, text, digest)
        case Role.ASSISTANT:
            return _answer(message, text, digest, position)
        case Role.TOOL:
            call_id = message.get("tool_call_id")
            if not isinstance(call_id, str):
                raise wrong_type(f"{_at(position)}.tool_call_id", "text")
            return Turn(role, text, digest, call_id=call_id)
        case None if written == "function":
            raise unsupported("wire/unsupported", f"the role `function` in `{_at(position)}`")
        case None:
            raise wrong_type(f"{_at(position)}.role", "system, developer, user, assistant or tool")


def _at(position: int) -> str:
    return f"messages[{position}]"


def _answer(message: Mapping[str, object], text: str, digest: bytes, position: int) -> Turn:
    """An assistant's turn. Most hold words alone, and are told so by the fields they lack."""
    if _MORE_THAN_WORDS.isdisjoint(message):
        return Turn(Role.ASSISTANT, text, digest)
    if message.get("audio") is not None:
        raise unsupported("wire/unsupported-content", f"`audio` in `{_at(position)}`")
    refusal = message.get("refusal")
    if refusal is not None and not isinstance(refusal, str):
        raise wrong_type(f"{_at(position)}.refusal", "text")
    said = "\n".join(part for part in (text, refusal) if part)
    return Turn(Role.ASSISTANT, said, digest, read_calls(message, _at(position)))
