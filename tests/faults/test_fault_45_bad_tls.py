"""An upstream that cannot prove who it is, or speaks without TLS where TLS was declared, is never told anything: not the request, not the key."""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.canned import Canned, head
from trilens.testing.scripted_model.completion import Header, Reply, whole

if TYPE_CHECKING:
    from tests.faults.conftest import Installed

pytestmark = pytest.mark.requirement("S13")

DAY = dt.timedelta(days=1)
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Signed:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def sign(name: str, by: Signed | None = None, *, days: tuple[int, int] = (-1, 30), host: str = HERE) -> Signed:
    """A certificate for `host`, valid from and until so many days from now; by itself when nobody else signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    alternative = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * DAY)
        .not_valid_after(now + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(by.key if by else key, hashes.SHA256())
    )
    return Signed(built, key)


def pem(signed: Signed, folder: Path, name: str) -> Path:
    """The certificate and its key in one file."""
    key = signed.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(key + signed.certificate.public_bytes(serialization.Encoding.PEM))
    return file


def shown(signed: Signed, folder: Path, name: str, *, old: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem(signed, folder, name))
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.SSLv3
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.fixture
def upstream() -> Iterator[Canned]:
    with Canned() as made:
        body = whole(Reply("It has been sent."), Header(1, "gpt-5.1", 10))
        made.say(head("application/json"), body)
        yield made


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_fault_45_no_certificate_but_a_good_one_is_ever_told_the_request(
    installed: "Installed", upstream: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = sign("authority")
    bad = {
        "self-signed": shown(sign("self"), tmp_path, "self-signed"),
        "of another authority": shown(sign("x", sign("other authority")), tmp_path, "other"),
        "expired": shown(sign("x", authority, days=(-30, -1)), tmp_path, "expired"),
        "not valid yet": shown(sign("x", authority, days=(1, 30)), tmp_path, "early"),
        "of another host": shown(sign("x", authority, host="other.example"), tmp_path, "host"),
        "of another address": shown(sign("x", authority, host="127.0.0.2"), tmp_path, "address"),
        "TLS 1.1": shown(sign("x", authority), tmp_path, "old", old=True),
        "no TLS": None,
    }
    good = shown(sign("x", authority), tmp_path, "good")
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(pem(authority, tmp_path, "authority")))
    key = installed.type("keys", "create", "--agent", "support").stdout.strip()
    installed.upstream = f"https://{HERE}:{upstream.port}/v1"
    with installed.serving() as server:
        for name, context in bad.items():
            upstream.tls = context
            status, answer = server.post(key, f"hello, {name}")
            assert (status, error_of(answer)["code"]) == (502, "unavailable"), name
            assert not any(b"sk-" in asked or b"hello" in asked or b"POST" in asked for asked in upstream.asked), name
        # the control: the same server, the same address, and who it is can be proven
        upstream.tls = good
        status, answer = server.post(key, "hello, good one")
        assert status == 200, answer
        assert b"hello, good one" in upstream.asked[-1]
        upstream.tls = bad["self-signed"]
        assert server.post(key, "hello, again")[0] == 502
    journal = open_journal(installed.home, read_only=True)
    entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    journal.close()
    assert [e.body["what"] for e in entries if e.kind is Kind.FAULT] == ["upstream/unreachable"] * (len(bad) + 1)


def error_of(answer: dict[str, object]) -> dict[str, object]:
    error = answer["error"]
    assert isinstance(error, dict)
    return error
