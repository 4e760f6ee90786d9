"""Settings all tests share."""

import pytest
from hypothesis import settings

# the suites that are shipped are tests as well, and are to show what they compared
pytest.register_assert_rewrite(
    *(
        f"trilens.testing.{name}"
        for name in (
            "batches",
            "budget_contract",
            "case_contract",
            "journal_contract",
            "keyring_contract",
            "keystore_contract",
            "stop_contract",
        )
    )
)
# no deadline: a busy machine is not a failure; no database: the same run everywhere
settings.register_profile("trilens", deadline=None, database=None)
settings.load_profile("trilens")
