"""Secrets are found by their form, and masked without changing the length of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.declare.secrets import find_secrets, masked

FOUND = {
    "key: sk-proj-0a1b2c3d4e5f6a7b8c9d": "sk-proj-0a1b2c3d4e5f6a7b8c9d",
    "sk_live_0a1b2c3d4e5f6a": "sk_live_0a1b2c3d4e5f6a",
    "tlk_7fQ2x9_0a1b2c3d4e5f6a7b8c9d": "tlk_7fQ2x9_0a1b2c3d4e5f6a7b8c9d",
    "AKIAIOSFODNN7EXAMPLE": "AKIAIOSFODNN7EXAMPLE",
    "ghp_0123456789012345678901234567890123": "ghp_0123456789012345678901234567890123",
    "xoxb-0123456789-abc": "xoxb-0123456789-abc",
    "Bearer eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl": "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "https://me:hunter2@host": "me:hunter2",
    "-----BEGIN RSA PRIVATE KEY-----": "-----BEGIN RSA PRIVATE KEY-----",
    "password: hunter2hunter2": "hunter2hunter2",
    "password: sk-proj-0a1b2c3d4e5f6a7b8c9d": "sk-proj-0a1b2c3d4e5f6a7b8c9d",
    "The password is Größe12345": "Größe12345",
    "api_key = 'k0a1b2c3d4'": "k0a1b2c3d4",
}
NOT_FOUND = [
    "key: env:UPSTREAM_KEY",
    "password: env:PASSWORD1",
    "api_key: $API_KEY_2",
    "secret: {path: secrets/1.txt}",
    "sk-is-how-many-api-keys-start",
    "risk-0a1b2c3d4e5f6a7b8c9d0e1f",
    "the password must be long",
    "https://host:8000/v1",
]


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("text", FOUND)
def test_secret_is_found_and_masked(text: str) -> None:
    (secret,) = find_secrets(text)
    assert text[secret.start : secret.stop] == FOUND[text]
    assert FOUND[text] not in masked(text)
    assert len(masked(text)) == len(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_reference_or_ordinary_text_is_no_secret(text: str) -> None:
    assert list(find_secrets(text)) == []
    assert masked(text) == text


@given(st.lists(st.sampled_from([*FOUND, *NOT_FOUND, " ", "\n"]), max_size=8))
def test_masking_keeps_length_and_leaves_nothing_to_find(parts: list[str]) -> None:
    text = " ".join(parts)
    assert len(masked(text)) == len(text)
    assert list(find_secrets(masked(text))) == []
