"""A call's arguments and a tool's results, and the law that matters most: what is denied stays denied however it is spelled.

The calls that the guards' own vectors deny are written again in other words: keys in another order, other escapes, other numbers of the
same value, and any edit of the bytes. Whenever the result is read as the same call, the answer must not be looser.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from random import Random

from fuzzing.mutate import edited, respelled
from fuzzing.target import Target, law, text_of

from trilens.declare.parse import parse
from trilens.enforce.judge import judge
from trilens.lenses import catalog
from trilens.lenses.stage import FIXTURES, Staged, stage
from trilens.mechanisms.events import TypedArguments, call_mac, rewritten, type_arguments
from trilens.mechanisms.flow.results import leaf_text, read_result
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Scalar
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import FieldTrust, System

MAC = Mac(b"the key of the fuzzed, which is open")
WHO = Principal("key", "support", "customer", "C-17", "eu")
_WORDS = (
    *(
        b'"amount":',
        b'"order_id":',
        b'"to":',
        b"450 EUR",
        b"4.5e2",
        b"1e400",
        b"-0",
        b'"1.000"',
        b"NaN",
        b"null",
        b"\\u0031",
        b"\\ud800",
    ),
    *(
        b'"order_id"',
        b"'note'",
        b"True",
        b"None",
        b"{'a': 1}",
        b"\\x41",
        b"0x10",
        b"1_000",
        b"()",
        b"b'x'",
        b"f''",
        b"lambda:0",
    ),
)
_ORDER = b'{"order_id": "O-1001", "customer_id": "C-17", "customer_email": "ada@example.org", "total": "120.00", "note": "gr\xc3\xbc\xc3\x9fe"}'
_PYTHON = b"{'order_id': 'O-1001', 'customer_id': \"C-17\", 'total': 120.5, 'note': 'it\\'s', 'list': [1, None, True]}"
_FOUND = b'{"customers": [{"id": "C-17", "email": "ada@example.org"}, {"id": "C-18", "x": {"y": [1]}}], "next": null}'


@cache
def shop(text: str = "") -> System:
    written = text or FIXTURES.joinpath("shop.yaml").read_text(encoding="utf-8")
    sheets = [guard.sheet for guard in catalog.load()]
    return parse(written, sheets, environment={}, read=lambda path: FIXTURES.joinpath(path).read_text(encoding="utf-8"))


def _arguments(data: bytes) -> None:
    text = text_of(data)
    for tool in (*shop().tools.values(), None):
        typed = type_arguments(text, tool)
        law(not (typed.defect and typed.values), "arguments with a defect have no values")
        if typed.defect:
            continue
        paths = [value.path for value in typed.values]
        law(len(set(paths)) == len(paths), "a path names one value")
        call = Call("c", tool.id if tool else "?", text)
        again = rewritten(call, {})
        law(
            again is not None and _same(type_arguments(again.arguments, tool), typed),
            "written again, the same arguments",
        )
        if again is not None:
            law(call_mac(again, WHO, MAC) == call_mac(call, WHO, MAC), "and the same call when its result comes back")


def _same(one: TypedArguments, other: TypedArguments) -> bool:
    return not one.defect and _values(one) == _values(other)


def _values(typed: TypedArguments) -> dict[str, Scalar]:
    return {value.path: _plain(value.value) for value in typed.values}


def _plain(value: Scalar) -> Scalar:
    """Numbers that no reader of JSON tells apart are written alike."""
    return str(value.normalize()) if isinstance(value, Decimal) else str(value) if isinstance(value, int) else value


def _results(data: bytes) -> None:
    text = text_of(data)
    for tool in shop().tools.values():
        reads = read_result(text, tool)
        for read in reads or ():
            fields = [leaf.field for leaf in read.leaves]
            law(len(set(fields)) == len(fields), "a field is named once")
            for leaf in read.leaves:
                leaf_text(leaf.value)
                asserted = leaf.trust is FieldTrust.SYSTEM
                law(not asserted or leaf.is_declared, "nothing undeclared is the system's word")
            system = {leaf.field for leaf in read.leaves if leaf.trust is FieldTrust.SYSTEM}
            law(
                system <= set(tool.returns) or _is_below(system, tool.returns),
                "only declared fields are the system's word",
            )
            law(not read.key or read.key_field in system, "a key is the system's word")


def _is_below(fields: set[str], declared: Mapping[str, FieldTrust]) -> bool:
    return all(
        any(field.startswith((name + ".", name + "[")) or field == name for name in declared) for field in fields
    )


@cache
def guards() -> tuple[catalog.InstalledGuard, ...]:
    return catalog.load()


@dataclass(frozen=True, slots=True)
class Denied:
    """A call that all guards together do not allow, on its stage."""

    staged: Staged
    outcome: Outcome
    typed: dict[str, Scalar]


@cache
def denied() -> tuple[Denied, ...]:
    """The calls of all vectors that are held or denied, judged by all guards."""
    found: list[Denied] = []
    for guard in guards():
        for vector in guard.vectors():
            staged = stage(vector, shop)
            call = staged.event.call
            if vector.event.tool_call is None or call is None or staged.event.defect:
                continue
            outcome = judge(staged.event, guards(), staged.context, None).outcome
            if outcome >= Outcome.HOLD:
                typed = type_arguments(call.arguments, staged.context.system.tools.get(call.tool))
                found.append(Denied(staged, outcome, _values(typed)))
    return tuple(found)


def _denied(data: bytes) -> None:
    """The input is a seed for the choice of call and spelling, so that every input is one about a call that was denied."""
    random = Random(data)
    one = random.choice(denied())
    call, context = one.staged.event.call, one.staged.context
    if call is None:
        return
    written = respelled(_other_numbers(json.loads(call.arguments or "{}"), random), random)
    if random.random() < 0.3:
        written = edited(written, _SPELLED, random)
    text = text_of(written)
    typed = type_arguments(text, context.system.tools.get(call.tool))
    event = replace(one.staged.event, values=typed.values, defect=typed.defect, call=replace(call, arguments=text))
    outcome = judge(event, guards(), context, None).outcome
    law(not typed.defect or outcome is Outcome.DENY, "what cannot be read is denied")
    if not typed.defect and _values(typed) == one.typed:
        law(outcome >= one.outcome, f"{one.outcome.word} became {outcome.word} in another spelling")


def _other_numbers(tree: object, random: Random) -> object:
    match tree:
        case dict():
            items = list(tree.items())
            random.shuffle(items)
            return {name: _other_numbers(item, random) for name, item in items}
        case list():
            return [_other_numbers(item, random) for item in tree]
        case int() if not isinstance(tree, bool) and abs(tree) < 10**6 and random.random() < 0.5:
            return float(tree)
        case _:
            return tree


_SPELLED = Target("spelled", _denied, (b"{}",), _WORDS)

TARGETS = (
    Target(
        "arguments",
        _arguments,
        (b'{"order_id":"O-1001","amount":"450.00 EUR"}', b'{"to":"a@b.example","body":"x","n":[1,{"a":2.5}]}', b""),
        _WORDS,
        cost=2,
    ),
    Target(
        "results",
        _results,
        (_ORDER, _PYTHON, _FOUND, _FOUND.replace(b'"', b"'").replace(b"null", b"None")),
        _WORDS,
        cost=4,
    ),
    Target("denied-calls", _denied, (b"0", b"1", b"2"), cost=25),
)
