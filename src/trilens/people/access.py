"""Giving keys out and taking them back, each on record.

A key is power over what agents may do and whom they may name, so that of the operators only the owner of the security lens gives and takes
keys. Whoever may write the state folder needs nobody's leave: they hold the store of keys itself.

INVARIANT: a key is on record before it exists; a key is revoked before that is on record, since taking access away waits for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from trilens.errors import PeopleError, StoreError
from trilens.people.keys import NewKey, make_key
from trilens.prove.ledger import entry
from trilens.storage.ports import Batch, Conflict, Journal, KeyStore
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import System

_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """All that a surface needs to give and take keys."""

    system: System
    journal: Journal
    keystore: KeyStore
    clock: Callable[[], int]
    random: Callable[[int], bytes]
    """Random bytes fit for secrets."""

    def give_to_agent(self, agent: str, *, may_assert: bool, by: str) -> NewKey:
        """Make a key for an agent of the manifest.

        Args:
            by: the operator who asks; empty for whoever may write the state folder.

        Raises:
            PeopleError: they may not (`people/not-keeper`), or there is no such agent (`people/unknown-agent`).
            StoreError: it could not be recorded or kept; then there is no such key.
        """
        require_keeper(self.system, by)
        require_agent(self.system, agent)
        now_ms = self.clock()
        made = make_key(agent=agent, operator="", may_assert=may_assert, now_ms=now_ms, random=self.random)
        return self._give(made, by)

    def give_to_operator(self, operator: str, *, by: str) -> NewKey:
        """Make a key for an operator the manifest names. Raises: as `give_to_agent`, with `people/unknown-operator`."""
        require_keeper(self.system, by)
        require_operator(self.system, operator)
        made = make_key(agent="", operator=operator, may_assert=False, now_ms=self.clock(), random=self.random)
        return self._give(made, by)

    def take_back(self, key_id: str, *, by: str) -> None:
        """Revoke a key.

        Raises:
            PeopleError: they may not (`people/not-keeper`), there is no such key (`people/no-such-key`), or it is revoked already
                (`people/already-revoked`).
            StoreError: `store/unrecorded` when the key is revoked and only the record of it failed.
        """
        require_keeper(self.system, by)
        require_active(self.keystore, key_id)
        now_ms = self.clock()
        self.keystore.revoke(key_id, now_ms)
        try:
            self._record(entry.Kind.KEY_REVOKED, now_ms, {"key": key_id, "by": by})
        except StoreError as error:
            raise StoreError(
                "store/unrecorded",
                f"`{key_id}` is revoked, but that could not be recorded: {error.message}",
                help=error.help,
            ) from error

    def _give(self, made: NewKey, by: str) -> NewKey:
        key = made.record
        body: dict[str, Json] = {
            "key": key.id,
            "agent": key.agent,
            "operator": key.operator,
            "may_assert": key.may_assert,
            "by": by,
        }
        self._record(entry.Kind.KEY_ADDED, key.created_ms, body)
        self.keystore.add(key)
        return made

    def _record(self, kind: entry.Kind, now_ms: int, body: dict[str, Json]) -> None:
        try:
            done = self.journal.commit(Batch((entry.encode(kind, now_ms, body),))).result(_DEADLINE_S)
        except TimeoutError as error:
            raise StoreError("store/deadline", f"the journal did not answer within {_DEADLINE_S:g} s") from error
        if isinstance(done, Conflict):
            raise StoreError("store/conflict", "an entry without conditions was refused")


def operators_of(system: System) -> tuple[str, ...]:
    """Everybody the manifest lets decide something: owners of lenses and members of roles, sorted."""
    members = {member for role in system.people.values() for member in role.members}
    return tuple(sorted(members.union(system.owners.values())))


def require_keeper(system: System, operator: str) -> None:
    """Raises: PeopleError `people/not-keeper` for an operator who does not own the security lens; empty is no operator."""
    keeper = system.owners.get(Lens.SECURITY, "")
    if operator and operator != keeper:
        raise PeopleError(
            "people/not-keeper",
            f"`{operator}` may not give or take keys",
            help=f"the owner of the security lens may: `{keeper}`" if keeper else "declare `owners: {security: NAME}`",
        )


def require_agent(system: System, agent: str) -> None:
    if agent not in system.agents:
        raise PeopleError("people/unknown-agent", f"no agent `{agent}` is declared", help=_known(tuple(system.agents)))


def require_operator(system: System, operator: str) -> None:
    known = operators_of(system)
    if operator not in known:
        raise PeopleError(
            "people/unknown-operator",
            f"`{operator}` owns no lens and is a member of no role",
            help=_known(known) or "name them under `owners` or `people` in the manifest",
        )


def require_active(keystore: KeyStore, key_id: str) -> None:
    key = keystore.find(key_id)
    if key is None:
        raise PeopleError(
            "people/no-such-key", f"there is no key `{key_id}`", help="`trilens keys list` shows those there are"
        )
    if key.revoked_ms:
        raise PeopleError("people/already-revoked", f"`{key_id}` was revoked already", help="nothing is left to do")


def _known(names: tuple[str, ...]) -> str:
    return "declared: " + ", ".join(f"`{name}`" for name in names) if names else ""
