"""`system.yaml`, conditions' neighbours in it, and the environment: whatever is written, a system or an error with its place."""

from fuzzing.target import Refusals, Target, law, text_of

from trilens.declare.frames import render
from trilens.declare.parse import parse_manifest
from trilens.errors import ManifestError, SettingsError
from trilens.lenses.stage import FIXTURES
from trilens.settings import from_environment, served_from

SHOP = FIXTURES.joinpath("shop.yaml").read_text(encoding="utf-8")
_PIECES = tuple(piece.encode() for piece in SHOP.split("\n") if len(piece) > 20)
_WORDS = (
    *(
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!map ",
        b"|+\n",
        b"? ",
        b"- ",
        b"--- ",
        b"%YAML 9.9\n",
        b"no",
        b"0x10",
        b"1_000",
        b"~",
        b"\t",
    ),
    *(
        b"when: args.amount > 50",
        b"{class: amount, unit: EUR}",
        b"env:KEY",
        b"$NAME",
        b"../x",
        b"1d",
        b"500 EUR",
        "\u202e".encode(),
    ),
)


def _manifest(data: bytes) -> None:
    problems: tuple[ManifestError, ...] = ()
    try:
        parse_manifest(text_of(data), (), environment={}, read=lambda _: "some text")
    except ManifestError as error:
        problems = error.problems
        law(problems, "an error says what is wrong")
    for problem in problems:
        law(problem.place is not None or problem.code == "manifest/too-large", "a problem has its place")
        law(render(problem), "and can be shown")


def _environment(data: bytes) -> None:
    first, _, second = text_of(data).partition("\n")
    with Refusals((SettingsError,)):
        served = served_from({"TRILENS_HOSTS": first, "TRILENS_ORIGINS": second})
        law(all("*" not in name and "/" not in name and " " not in name for name in served.hosts), "a host is a host")
        law(all("://" in name for name in served.origins), "an origin has a scheme")
    if "\0" not in first:
        with Refusals((SettingsError,)):
            from_environment({first: second, "TRILENS_HOME": "/nowhere"})


TARGETS = (
    Target("manifest", _manifest, (SHOP.encode(),), _WORDS, cost=60),
    Target("manifest-pieces", _manifest, (*_PIECES, b"trilens: 1\nsystem: a\npurposes: {a: b}\n"), _WORDS, cost=8),
    Target(
        "settings",
        _environment,
        (b"a.example,[::1]\nhttps://a.example:8443", b"TRILENS_HOME\n/x", b"TRILENS_HOSST\n"),
        (b"*", b"://", b","),
    ),
)
