import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.checkpoint import Checkpoint, decode, encode, open_checkpoint, sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead
from trilens.prove.ledger.note import Signer

# the text of the example in C2SP tlog-checkpoint (read 2026-11-24)
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SIGNER = Signer("shop.example/ledger", bytes(range(32)))
TREE = TreeHead(3, b"r" * 32)


def test_the_format_s_example_is_read_and_written() -> None:
    checkpoint = decode(EXAMPLE)
    assert (checkpoint.origin, checkpoint.tree.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert encode(checkpoint) == EXAMPLE


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
@settings(deadline=None)
def test_a_checkpoint_is_read_back_as_it_was_signed(size: int, root: bytes) -> None:
    tree = TreeHead(size, root)
    assert open_checkpoint(sign_checkpoint(tree, SIGNER), SIGNER.verifier) == Checkpoint("shop.example/ledger", tree)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(EXAMPLE + "an extension\n", id="extension line"),
        pytest.param(EXAMPLE + "\n", id="empty line"),
        pytest.param(EXAMPLE[:-1], id="no final line feed"),
        pytest.param(EXAMPLE.split("\n", 1)[1], id="no origin"),
        pytest.param(EXAMPLE.replace("example.com/behind-the-sofa", ""), id="empty origin"),
        pytest.param(EXAMPLE.replace("20852163", "020852163"), id="leading zero"),
        pytest.param(EXAMPLE.replace("20852163", "+20852163"), id="sign"),
        pytest.param(EXAMPLE.replace("20852163", "٢٠"), id="other digits"),
        pytest.param(EXAMPLE.replace("20852163", str(2**63)), id="beyond 63 bits"),
        pytest.param(EXAMPLE.replace("20852163", "9" * 5_000), id="thousands of digits"),
        pytest.param(EXAMPLE.replace("q2I=", "q2J="), id="second spelling of base64"),
        pytest.param(EXAMPLE.replace("q2I=", ""), id="short root"),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(LedgerError) as caught:
        decode(text)
    assert caught.value.code == "ledger/checkpoint"


def test_an_extension_line_is_refused_even_when_it_is_signed() -> None:
    note = SIGNER.sign(encode(Checkpoint("shop.example/ledger", TREE)) + "an extension\n")
    with pytest.raises(LedgerError, match="three lines"):
        open_checkpoint(note, SIGNER.verifier)


def test_a_checkpoint_of_another_log_is_refused_even_when_our_key_signed_it() -> None:
    note = SIGNER.sign(encode(Checkpoint("other.example/ledger", TREE)))
    with pytest.raises(LedgerError, match="origin"):
        open_checkpoint(note, SIGNER.verifier)


@pytest.mark.requirement("X6")
def test_a_checkpoint_signed_by_another_key_of_the_same_name_is_refused() -> None:
    note = sign_checkpoint(TREE, Signer("shop.example/ledger", b"x" * 32))
    with pytest.raises(LedgerError) as caught:
        open_checkpoint(note, SIGNER.verifier)
    assert caught.value.code == "ledger/unsigned"
