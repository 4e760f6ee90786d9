import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger.note import Signer, check_signature, open_note, parse_verifier_key

VECTORS = json.loads(Path(__file__).with_name("vectors").joinpath("notes.json").read_text())
WYCHEPROOF = json.loads(Path(__file__).with_name("vectors").joinpath("ed25519.json").read_text())
TEXT: str = VECTORS["text"]
PETER = parse_verifier_key(VECTORS["peter"]["key"])
ENOCH = parse_verifier_key(VECTORS["enoch"]["key"])
SIGNER = Signer("PeterNeumann", bytes.fromhex(VECTORS["peter"]["seed"]))
PETERS = f"— PeterNeumann {VECTORS['peter']['signature']}\n"
ENOCHS = f"— EnochRoot {VECTORS['enoch']['signature']}\n"


def note(*signatures: str, text: str = TEXT) -> bytes:
    return (text + "\n" + "".join(signatures)).encode()


def refused(data: bytes, *keys: object) -> str:
    with pytest.raises(LedgerError) as caught:
        open_note(data, [key for key in (PETER, ENOCH) if key in keys])
    return caught.value.code


def test_a_note_is_signed_to_the_byte_as_go_signs_it() -> None:
    assert str(SIGNER.verifier) == VECTORS["peter"]["key"]
    assert SIGNER.sign(TEXT) == note(PETERS)


def test_a_note_is_opened_by_any_key_that_signed_it() -> None:
    both = note(PETERS, ENOCHS)
    assert open_note(both, [PETER]).signed_by == (PETER,)
    assert open_note(both, [ENOCH]).signed_by == (ENOCH,)
    assert open_note(both, [ENOCH, PETER]).signed_by == (PETER, ENOCH)
    assert open_note(note(PETERS, PETERS), [PETER]).signed_by == (PETER,)
    assert open_note(both, [PETER]).text == TEXT


@pytest.mark.requirement("X6")
def test_a_note_that_no_given_key_signed_is_refused() -> None:
    assert refused(note(ENOCHS), PETER) == "ledger/unsigned"
    assert refused(note(PETERS)) == "ledger/unsigned"
    renamed = PETERS.replace("PeterNeumann", "CarmenSandiego")
    assert refused(note(renamed), PETER) == "ledger/unsigned"


@pytest.mark.requirement("X6")
def test_one_broken_signature_of_a_given_key_refuses_the_whole_note() -> None:
    data = bytearray(base64.b64decode(VECTORS["peter"]["signature"]))
    data[-1] ^= 1
    broken = f"— PeterNeumann {base64.b64encode(bytes(data)).decode()}\n"
    assert refused(note(broken, ENOCHS), PETER, ENOCH) == "ledger/signature"
    assert refused(note(PETERS, broken), PETER) == "ledger/signature"
    assert refused(note(PETERS, text=TEXT.replace("think", "thank")), PETER) == "ledger/signature"
    assert open_note(note(broken, ENOCHS), [ENOCH]).signed_by == (ENOCH,)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(TEXT.encode(), id="no blank line"),
        pytest.param(note(), id="no signature"),
        pytest.param(note(PETERS[:-1]), id="no final line feed"),
        pytest.param(note(PETERS, "Unexpected line.\n"), id="another line after the text"),
        pytest.param(b"\x01" + note(PETERS), id="control character"),
        pytest.param(b"\xff" + note(PETERS), id="not UTF-8"),
        pytest.param(note(PETERS.replace("—", "-")), id="another dash"),
        pytest.param(note(PETERS.replace("PeterNeumann", "Peter Neumann")), id="space in a name"),
        pytest.param(note(PETERS.replace("PeterNeumann", "Peter+Neumann")), id="plus in a name"),
        pytest.param(note(PETERS.replace("PeterNeumann", "")), id="no name"),
        pytest.param(note(PETERS.replace("AM=", "AN=")), id="second spelling of base64"),
        pytest.param(note("— PeterNeumann x08gow==\n"), id="key id alone"),
        pytest.param(note(*[PETERS] * 65), id="too many signatures"),
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    assert refused(data, PETER) == "ledger/note"


def test_sixteen_signatures_are_read() -> None:
    assert open_note(note(*[ENOCHS] * 15, PETERS), [PETER]).signed_by == (PETER,)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])))
@settings(deadline=None)
def test_what_was_signed_is_what_is_opened(line: str) -> None:
    text = f"{line}\n\nlast\n"
    assert open_note(SIGNER.sign(text), [PETER]).text == text


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_arbitrary_bytes_are_refused_as_no_note(data: bytes) -> None:
    assert refused(data, PETER) in ("ledger/note", "ledger/unsigned")


@pytest.mark.parametrize("text", ["no line feed", "", "tab\there\n", "nul\0\n", "lone \ud800\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(LedgerError, match="not a signed note"):
        SIGNER.sign(text)


@pytest.mark.parametrize("key", VECTORS["refused_keys"])
def test_a_key_of_another_kind_or_length_is_refused(key: str) -> None:
    with pytest.raises(SettingsError):
        parse_verifier_key(key)


def test_no_part_and_no_change_of_a_key_is_a_key() -> None:
    whole = VECTORS["peter"]["key"]
    parts = [whole[i:j] for i in range(len(whole)) for j in range(i + 1, len(whole) + 1) if (i, j) != (0, len(whole))]
    changed = [whole[:i] + chr(ord(whole[i]) + 1) + whole[i + 1 :] for i in range(len(whole))]
    for text in (*parts, *changed):
        with pytest.raises(SettingsError):
            parse_verifier_key(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u00a0b", "line\n"])
def test_a_signer_has_a_name_that_a_note_can_hold(name: str) -> None:
    with pytest.raises(SettingsError):
        Signer(name, bytes(32))


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("vector", WYCHEPROOF["vectors"], ids=lambda v: f"{v['tcId']} {v['comment']}")
def test_signatures_are_accepted_as_wycheproof_wants_them(vector: dict[str, object]) -> None:
    signature = bytes.fromhex(str(vector["signature"]))
    if vector["valid"]:
        check_signature("w", bytes.fromhex(WYCHEPROOF["public"]), signature, str(vector["text"]))
        return
    with pytest.raises(LedgerError) as caught:
        check_signature("w", bytes.fromhex(WYCHEPROOF["public"]), signature, str(vector["text"]))
    assert caught.value.code == "ledger/signature"


@pytest.mark.parametrize("name", ["log\udce1", "\ud800"])
def test_a_name_that_is_no_unicode_is_no_name(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_verifier_key(str(PETER).replace("PeterNeumann", name))
    assert caught.value.code == "settings/verifier-key"
    with pytest.raises(SettingsError):
        Signer(name, bytes(32))
