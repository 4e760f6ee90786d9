"""What the demo shows is harmless, whatever a model or an outsider wrote."""

import io
from collections.abc import Mapping
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from trilens.cli.demo.record import Found, Judged, Origin
from trilens.cli.demo.screen import Screen
from trilens.cli.terminal import Terminal
from trilens.vocabulary.event import EMPTY
from trilens.vocabulary.outcome import EventKind, Lens, Outcome


def found(code: str = "untrusted_sink/x", path: str = "args.to", **more: object) -> Found:
    fields = {
        "guard": "security/untrusted_sink",
        "outcome": "deny",
        "message": "m",
        "rule": "",
        "span": None,
        "origins": (),
    }
    return Found.model_validate({"code": code, "path": path, **fields, **more})


def judged(
    outcome: Outcome, *findings: Found, kind: EventKind = EventKind.TOOL_CALL, values: Mapping[str, object] = EMPTY
) -> Judged:
    lenses = MappingProxyType({Lens.SAFETY: None, Lens.SECURITY: outcome, Lens.COMPLIANCE: None})
    return Judged(kind, "send_email", outcome, lenses, MappingProxyType(dict(values)), None, findings, "")


def shown(item: Judged) -> str:
    stream = io.StringIO()
    Screen(Terminal(stream)).judged(item)
    return stream.getvalue()


def test_an_allowed_event_is_one_line_that_names_the_lenses_that_looked() -> None:
    assert shown(judged(Outcome.ALLOW, values={"args.to": "a@b.example"})) == (
        "    model         calls send_email(to=a@b.example)  → allow (security)\n"
    )


def test_a_stop_shows_the_value_and_where_it_was_read() -> None:
    origin = Origin(
        source="lookup_order result, field note", path="messages[3].note", integrity="third_party", excerpt="x"
    )
    text = shown(judged(Outcome.DENY, found(origins=(origin,)), values={"args.to": "x@y.example"}))
    assert "DENY: safety –, security deny, compliance –" in text
    assert "the value: args.to = x@y.example" in text
    assert "from lookup_order result, field note (messages[3].note, third party): “x”" in text


def test_the_second_of_a_kind_is_told_and_not_explained_again() -> None:
    origin = Origin(source="lookup_order result", path="messages[3].note", integrity="third_party", excerpt="x")
    item = judged(Outcome.DENY, found(origins=(origin,)), values={"args.to": "x@y.example"})
    stream = io.StringIO()
    screen = Screen(Terminal(stream))
    screen.judged(item)
    screen.judged(item)
    assert stream.getvalue().count("security deny") == 2
    assert stream.getvalue().count("messages[3].note") == 1


def test_a_sentence_is_shown_with_what_is_wrong_in_it_marked() -> None:
    item = judged(
        Outcome.HOLD,
        found(path="text", span=(8, 15)),
        kind=EventKind.OUTPUT,
        values={"text": "Return: 90 days, über alles."},
    )
    assert "in “Return: «90 days», über alles.”" in shown(item)


def test_one_finding_of_each_code_is_shown_and_the_rest_is_counted() -> None:
    many = [
        found("untrusted_sink/a"),
        found("untrusted_sink/a"),
        found("untrusted_sink/b"),
        found("untrusted_sink/explained"),
    ]
    text = shown(judged(Outcome.DENY, *many))
    assert text.count("security/untrusted_sink: m") == 2
    assert "and 1 more findings of the same kinds" in text


@given(st.text(), st.text(), st.sampled_from(list(EventKind)))
def test_no_text_acts_on_the_terminal(said: str, component: str, kind: EventKind) -> None:
    origin = Origin(source=said, path=said, integrity="third_party", excerpt=said)
    finding = found(message=said, origins=(origin,), span=(0, len(said)))
    item = judged(Outcome.DENY, finding, kind=kind, values={"args.to": said})
    hostile = Judged(item.kind, component, item.outcome, item.lenses, item.values, item.values, item.findings, "")
    text = shown(hostile)
    assert all(letter == "\n" or letter.isprintable() for letter in text)
