"""Whatever the text, reading it ends with a System or a ManifestError that says where."""

import json
import string
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trilens.declare.frames import render
from trilens.declare.parse import parse_manifest
from trilens.declare.shape.manifest import ManifestShape
from trilens.errors import ManifestError

INDICATORS = "{}[]&*!|>%@`'\"#,?:-=<\\\t\n\r\0 ~^$.\u2028\u0085\ufeff\u202e"
WORDS = [
    "trilens: 1",
    "system: a",
    "tools:",
    "- ",
    "? ",
    "--- ",
    "... ",
    "%YAML 9.9\n",
    "&a ",
    "*a",
    "<<: ",
    "!!map ",
    "|+\n",
    '"\\U00110000"',
]


def ends_well(text: str) -> None:
    problems: tuple[ManifestError, ...] = ()
    try:
        parse_manifest(text, (), environment={}, read=lambda _: "some text")
    except ManifestError as error:
        problems = error.problems
    for problem in problems:
        assert problem.place is not None or problem.code == "manifest/too-large"
        shown = render(problem).replace("\n", "")
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in shown)


@given(text=st.text(max_size=300))
def test_any_text_ends_well(text: str) -> None:
    ends_well(text)


@given(text=st.text(alphabet=INDICATORS + "ab1", max_size=60))
@example('? |\n? "\\')
@example('a: "\\UFFFFFFFF"')
@example("%TAG ! tag:x,2000:\n--- !x a: b")
@example("a: !<\x00> b")
@example("- - ? : - {")
def test_text_of_indicators_ends_well(text: str) -> None:
    ends_well(text)


@given(parts=st.lists(st.sampled_from(WORDS) | st.text(string.printable, max_size=8), max_size=20))
def test_pieces_of_manifests_end_well(parts: list[str]) -> None:
    ends_well("".join(parts))


@given(data=st.data())
def test_shop_with_a_piece_cut_out_or_put_in_ends_well(data: st.DataObject, shop: str) -> None:
    start = data.draw(st.integers(0, len(shop)))
    stop = data.draw(st.integers(start, min(len(shop), start + 40)))
    put = data.draw(st.text(alphabet=INDICATORS + "ab1", max_size=6))
    ends_well(shop[:start] + put + shop[stop:])


LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=12)


@settings(max_examples=60)
@given(data=st.data())
def test_values_of_the_wrong_kind_end_well(data: st.DataObject) -> None:
    tree = data.draw(
        st.dictionaries(
            st.sampled_from(list(ManifestShape.model_fields)),
            st.recursive(
                LEAVES,
                lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=6), below, max_size=3),
                max_leaves=12,
            ),
            max_size=6,
        )
    )
    ends_well(json.dumps(tree))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50)),
        "{" * 100_000,
        "[" * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a:\n" + "".join(f"k{n}: {n}\n" for n in range(15_000)),
        "tools:\n" + "".join(f"  t{n}: {{efect: read}}\n" for n in range(8_000)),
        "agents: {a: {tools: [" + "x, " * 60_000 + "x]}}",
        "a: '" + "x" * 200_000 + "'",
        "purposes: {a: b" + ", c" * 60_000 + "}",
        "x" * 262_145,
        "#" * 262_144,
        "trilens: 1\nsystem: a\npurposes: {a: " + "sk-1" * 60_000 + "}",
    ],
    ids=lambda text: text[:12].replace("\n", " "),
)
@pytest.mark.timeout(20)
def test_hostile_text_ends_soon(text: str) -> None:
    ends_well(text)
