"""Every form of a secret is found in a sentence, as its issuer makes it; none is found in ordinary writing."""

import base64
import json
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

import trilens
from trilens.mechanisms.scanning.secret_forms import FORMS, secret_forms
from trilens.people.keys import make_key

R = random.Random(7)
LETTERS = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def some(count: int, of: str = LETTERS) -> str:
    return "".join(R.choice(of) for _ in range(count))


def jwt() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": "C-17", "exp": 1_795_521_600})
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*coded, some(43)))


def pem(kind: str = "", ends: str = "\n") -> str:
    head = f"{kind} PRIVATE KEY".strip()
    return ends.join((f"-----BEGIN {head}-----", *(some(64) for _ in range(4)), f"-----END {head}-----"))


def own_key(agent: str = "support", operator: str = "") -> str:
    return make_key(agent=agent, operator=operator, may_assert=False, now_ms=0, random=R.randbytes).text


MADE: dict[str, list[Callable[[], str]]] = {
    "trilens/key": [own_key, lambda: own_key("", "lead")],
    "aws/access-key-id": [
        lambda: "AKIA" + some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        lambda: "ASIA" + "IOSFODNN7EXAMPLE",
    ],
    "aws/secret-access-key": [lambda: f'aws_secret_access_key = "{some(40)}"'],
    "azure/account-key": [lambda: f"AccountKey={some(86)}=="],
    "azure/client-secret": [lambda: some(3) + "8Q~" + some(34)],
    "google/api-key": [lambda: "AIza" + some(35)],
    "google/client-secret": [lambda: "GOCSPX-" + some(28)],
    "google/access-token": [lambda: "ya29." + some(120)],
    "github/token": [lambda: "ghp_" + some(36), lambda: "ghs_" + some(36)],
    "github/fine-grained-token": [lambda: "github_pat_" + some(22) + "_" + some(59)],
    "gitlab/token": [lambda: "glpat-" + some(20)],
    "slack/token": [lambda: "-".join(("xoxb", some(11, string.digits), some(12, string.digits), some(24)))],
    "slack/app-token": [lambda: f"xapp-1-{some(11, UPPER)}-{some(13, string.digits)}-{some(64, HEX)}"],
    "slack/webhook": [lambda: f"https://hooks.slack.com/services/T{some(8, UPPER)}/B{some(8, UPPER)}/{some(24)}"],
    "stripe/key": [lambda: "sk_" + "live_" + some(24), lambda: "rk_" + "test_" + some(99)],
    "stripe/webhook-secret": [lambda: "whsec_" + some(32)],
    "openai/key": [lambda: "sk-proj-" + some(64) + "T3BlbkFJ" + some(64)],
    "openai/legacy-key": [lambda: "sk-" + some(20) + "T3BlbkFJ" + some(20)],
    "anthropic/key": [lambda: "sk-ant-api03-" + some(93) + "AA"],
    "hugging-face/token": [lambda: "hf_" + some(34)],
    "sendgrid/key": [lambda: "SG." + some(22) + "." + some(43)],
    "mailchimp/key": [lambda: some(32, HEX) + "-us12"],
    "npm/token": [lambda: "npm_" + some(36)],
    "python-index/token": [lambda: "pypi-AgEI" + some(160)],
    "digitalocean/token": [lambda: "dop_v1_" + some(64, HEX)],
    "databricks/token": [lambda: "dapi" + some(32, HEX)],
    "shopify/token": [lambda: "shpat_" + some(32, HEX)],
    "square/token": [lambda: "sq0atp-" + some(22)],
    "telegram/bot-token": [lambda: some(10, "123456789") + ":AA" + some(33)],
    "vault/token": [lambda: "hvs." + some(95)],
    "terraform/token": [lambda: some(14) + ".atlasv1." + some(67)],
    "grafana/token": [lambda: "glsa_" + some(32) + "_" + some(8, HEX)],
    "linear/key": [lambda: "lin_api_" + some(40)],
    "new-relic/key": [lambda: "NRAK-" + some(27, UPPER)],
    "age/secret-key": [lambda: "AGE-SECRET-KEY-1" + some(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")],
    "pem/private-key": [
        pem,
        lambda: pem("RSA"),
        lambda: pem("OPENSSH"),
        lambda: pem("EC", "\\n"),
        lambda: pem("ENCRYPTED", "\r\n"),
    ],
    "pem/private-key-begun": [lambda: "-----BEGIN RSA PRIVATE KEY-----\n"],
    "putty/private-key": [
        lambda: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 2\nA\nB\nPrivate-Lines: 1"
    ],
    "jwt/signed-token": [jwt],
    "http/authorization": [
        lambda: "Authorization: Bearer " + some(40),
        lambda: "authorization: basic " + some(24) + "==",
    ],
    "uri/password": [lambda: "postgres://shop:k0rnblume!7@db.example/shop", lambda: "redis://:Zx81-garten@cache:6379"],
    "connection-string/password": [lambda: "Server=db;Database=shop;User Id=app;Password=k0rnblume!7;"],
}
# the whole text up to its end counts, so nothing may follow
AT_END = {"pem/private-key-begun"}


def test_every_form_has_an_example_a_source_and_a_name_of_its_own() -> None:
    assert sorted(MADE) == sorted(rule.id for rule in FORMS)
    assert all(rule.source for rule in FORMS)


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(("form", "make"), [(form, make) for form, makes in MADE.items() for make in makes])
@pytest.mark.parametrize("around", [("", ""), ("Der Schlüssel: ", " – bitte merken"), ("{'k': '", "'}")])
def test_secret_of_every_form_is_found(form: str, make: Callable[[], str], around: tuple[str, str]) -> None:
    before, after = around
    text = before + make() + ("" if form in AT_END else after)
    assert form in {match.rule for match in secret_forms().find(text)}


@pytest.mark.requirement("X13")
def test_long_private_key_is_marked_to_its_end() -> None:
    lines = "\n".join(some(64) for _ in range(100))
    key = f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n{lines}\n-----END RSA PRIVATE KEY-----"
    for place in (0, 2000, 2048, 5000):
        (match,) = secret_forms().find("a " * (place // 2) + key + "\nthe end")
        assert (match.start, match.stop) == (place, place + len(key))


@pytest.mark.requirement("X13")
def test_our_own_code_and_prose_hold_no_secret() -> None:
    root = Path(trilens.__file__).parent
    pages = [p for p in root.rglob("*") if p.suffix in (".py", ".md", ".yaml") and "scanning" not in p.parts]
    assert len(pages) > 100
    found = {(p.name, m.rule) for p in pages for m in secret_forms().find(p.read_text(encoding="utf-8"))}
    assert {name for name, _ in found} <= {"vectors.yaml"}
