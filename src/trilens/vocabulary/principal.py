"""Who is asking, and on whose behalf."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """The on-behalf-of chain of one request: person ← agent ← key.

    Chat authenticates a key, not a person. `person` is asserted by a header that only keys with `may_assert` may send; without
    it the person is unknown and `person` is empty.
    """

    key: str
    """Id of the API key (not the key itself)."""
    agent: str
    """The one agent of the manifest this key speaks for."""
    role: str = ""
    """The entry of `people` the person was asserted under, such as `customer`."""
    person: str = ""
    """The person's id in the customer's own systems. Personal data: never in a ledger leaf, never in a log."""
    region: str = ""
    """The declared region of the person's role."""

    @property
    def reader(self) -> str:
        """The person as a reader of labels, such as `customer:C-17`; empty when unknown."""
        return f"{self.role}:{self.person}" if self.person else ""

    @property
    def account_holder(self) -> str:
        """Whose budgets are charged: the person when known, the key otherwise. Two people never share one."""
        return self.reader or f"key:{self.key}"
