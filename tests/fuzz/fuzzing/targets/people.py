"""What operators and agents hand in: keys and edits."""

from dataclasses import replace

from fuzzing.target import Refusals, Target, law, text_of

from trilens.errors import PeopleError
from trilens.people.approvals.edit import read_edit, write_edit
from trilens.people.keys import check_key, make_key, parse_key

_AGENT = make_key(agent="support", operator="", may_assert=True, now_ms=1, random=lambda n: bytes(range(n)))
_OPERATOR = make_key(agent="", operator="lead", may_assert=False, now_ms=1, random=lambda n: bytes(range(7, n + 7)))


def _key(data: bytes) -> None:
    text = text_of(data)
    parsed = parse_key(text)
    for made in (_AGENT, _OPERATOR):
        law(check_key(text, made.record) == (text == made.text), "a key opens in its one spelling")
        law(not check_key(text, replace(made.record, revoked_ms=5)), "a revoked key opens nothing")
        law(text != made.text or (parsed is not None and parsed.id == made.record.id), "a key is read")


def _edit(data: bytes) -> None:
    with Refusals((PeopleError,)):
        edit = read_edit(data)
        law(read_edit(write_edit(edit)) == edit, "kept and read again, it is the same edit")


TARGETS = (
    Target(
        "people-key",
        _key,
        (_AGENT.text.encode(), _OPERATOR.text.encode()),
        (b"tlk_", b"tlo_", b"_", b"\n", "０".encode()),
        cost=2,
    ),
    Target(
        "people-edit",
        _edit,
        (b'{"calls":{"0":{"amount":"40 EUR","n":[1,2.50]}},"text":"Gern."}', b'{"text":""}'),
        (b'"calls":{"-1":{}}', b'"00":{}', b"1e5", b"NaN"),
    ),
)
