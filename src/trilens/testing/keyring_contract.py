"""The contract of the port `KeyRing`, as tests. A backend inherits it and gives two fixtures: a ring, and how to open the same one again.

class TestMyKeyRing(KeyRingContract):
    @pytest.fixture
    def keyring(self): ...
    @pytest.fixture
    def reopen(self): ...
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from trilens.errors import StoreError
from trilens.storage.ports import KeyRing, RingName

ANNA = RingName("customer:C-17", "support", "conversation")


class KeyRingContract:
    @pytest.fixture
    def keyring(self) -> Iterator[KeyRing]:
        """A new key ring, closed afterwards."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[], KeyRing]:
        """Opens the ring of `keyring` once more, as another process would, while the first is open."""
        raise NotImplementedError

    def test_a_name_has_one_key_for_ever(self, keyring: KeyRing, reopen: Callable[[], KeyRing]) -> None:
        ring = keyring.ring(ANNA)
        assert len(ring.key) == 32
        assert keyring.ring(ANNA) == ring
        assert keyring.key(ring.id) == ring.key
        other = reopen()
        assert other.ring(ANNA) == ring
        assert other.key(ring.id) == ring.key
        other.close()

    @pytest.mark.parametrize(
        "name",
        [
            RingName("customer:C-18", "support", "conversation"),
            RingName("customer:c-17", "support", "conversation"),
            RingName("customer:C-17 ", "support", "conversation"),
            RingName("customer:C-17", "billing", "conversation"),
            RingName("customer:C-17", "support", "decision"),
            RingName("customer:C-1", "7support", "conversation"),
            RingName("", "", ""),
        ],
    )
    def test_another_person_purpose_or_retention_has_another_key(self, keyring: KeyRing, name: RingName) -> None:
        anna, other = keyring.ring(ANNA), keyring.ring(name)
        assert anna.id != other.id
        assert anna.key != other.key

    def test_concurrent_first_uses_make_one_key(self, keyring: KeyRing, reopen: Callable[[], KeyRing]) -> None:
        other = reopen()
        barrier = Barrier(12)

        def use(position: int) -> str:
            barrier.wait(60)
            return (keyring, other)[position % 2].ring(ANNA).id

        with ThreadPoolExecutor(12) as pool:
            assert len(set(pool.map(use, range(12)))) == 1
        other.close()

    def test_a_destroyed_key_opens_nothing_any_more_anywhere(
        self, keyring: KeyRing, reopen: Callable[[], KeyRing]
    ) -> None:
        other = reopen()
        ring, kept = keyring.ring(ANNA), keyring.ring(RingName("customer:C-18", "support", "conversation"))
        assert other.ring(ANNA) == ring
        assert keyring.destroy(ring.id)
        assert not keyring.destroy(ring.id)
        for each in (keyring, other):
            assert each.key(ring.id) is None
            assert each.key(kept.id) == kept.key
        # whoever had it remembered seals with it no more
        anew = other.ring(ANNA)
        assert anew.id != ring.id
        assert anew.key != ring.key
        assert keyring.ring(ANNA) == anew
        other.close()

    def test_a_key_that_never_was_is_none(self, keyring: KeyRing) -> None:
        assert keyring.key("never") is None
        assert keyring.key("") is None

    def test_the_secrets_of_an_installation_are_32_bytes_and_differ(
        self, keyring: KeyRing, reopen: Callable[[], KeyRing]
    ) -> None:
        log, mac = keyring.secret("log"), keyring.secret("mac")
        assert (len(log), len(mac)) == (32, 32)
        assert log != mac
        other = reopen()
        assert (other.secret("log"), other.secret("mac")) == (log, mac)
        other.close()

    def test_a_missing_secret_is_an_error_and_never_made(self, keyring: KeyRing) -> None:
        for _ in range(2):
            with pytest.raises(StoreError):
                keyring.secret("other")

    def test_after_closing_nothing_is_told(self, keyring: KeyRing) -> None:
        ring = keyring.ring(ANNA)
        keyring.close()
        keyring.close()
        for act in (lambda: keyring.ring(ANNA), lambda: keyring.key(ring.id), lambda: keyring.secret("mac")):
            with pytest.raises(StoreError):
                act()
