"""The contract of the port `KeyStore`, as tests. A backend inherits it and gives two fixtures: a store, and how to open the same one again."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from trilens.errors import StoreError
from trilens.storage.ports import ApiKey, KeyStore

AGENT = ApiKey("tlk_7fQ2x9", b"\x01" * 32, agent="support", operator="", may_assert=True, created_ms=1_000)
OPERATOR = ApiKey("tlo_Ab3d5f", b"\x02" * 32, agent="", operator="support-lead", may_assert=False, created_ms=2_000)


class KeyStoreContract:
    @pytest.fixture
    def keystore(self) -> Iterator[KeyStore]:
        """A store without keys."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[], KeyStore]:
        """Opens the store of `keystore` once more, as another process would, while the first is open."""
        raise NotImplementedError

    @pytest.mark.requirement("X5")
    def test_a_key_is_found_as_it_was_added(self, keystore: KeyStore) -> None:
        assert keystore.find(AGENT.id) is None
        for key in (OPERATOR, AGENT):
            keystore.add(key)
        for key in (AGENT, OPERATOR):
            assert keystore.find(key.id) == key
        assert list(keystore.list()) == [AGENT, OPERATOR]

    @pytest.mark.requirement("X5")
    @pytest.mark.parametrize(
        "near", ["", "tlk_7fQ2x", "tlk_7fq2x9", "TLK_7FQ2X9", "tlk_7fQ2x9 ", "tlk_7fQ2x%", "tlk_7fQ2x9\0"]
    )
    def test_a_key_is_found_by_its_whole_id_alone(self, keystore: KeyStore, near: str) -> None:
        keystore.add(AGENT)
        assert keystore.find(near) is None
        assert not keystore.revoke(near, 5)

    @pytest.mark.requirement("X5")
    def test_an_id_is_given_once(self, keystore: KeyStore) -> None:
        keystore.add(AGENT)
        with pytest.raises(StoreError):
            keystore.add(replace(AGENT, digest=b"\x03" * 32))
        assert keystore.find(AGENT.id) == AGENT

    @pytest.mark.requirement("X5")
    def test_a_revoked_key_stays_revoked_from_its_first_moment(self, keystore: KeyStore) -> None:
        keystore.add(AGENT)
        assert keystore.find(AGENT.id) == AGENT
        assert keystore.revoke(AGENT.id, 5_000)
        assert not keystore.revoke(AGENT.id, 6_000)
        assert keystore.find(AGENT.id) == replace(AGENT, revoked_ms=5_000)
        assert list(keystore.list()) == [replace(AGENT, revoked_ms=5_000)]

    @pytest.mark.requirement("X5")
    def test_what_another_process_changes_is_seen_at_once(
        self, keystore: KeyStore, reopen: Callable[[], KeyStore]
    ) -> None:
        other = reopen()
        assert keystore.find(AGENT.id) is None
        other.add(AGENT)
        assert keystore.find(AGENT.id) == AGENT
        other.revoke(AGENT.id, 5_000)
        assert keystore.find(AGENT.id) == replace(AGENT, revoked_ms=5_000)
        assert other.find(AGENT.id) == replace(AGENT, revoked_ms=5_000)

    @pytest.mark.requirement("X5")
    @pytest.mark.parametrize("key_id", ["tlk_\ud800", "tlk_ü", "tlk_７fQ2x9"])
    def test_an_id_outside_ascii_is_never_one(self, keystore: KeyStore, key_id: str) -> None:
        with pytest.raises(StoreError):
            keystore.add(replace(AGENT, id=key_id))
        assert keystore.find(key_id) is None
