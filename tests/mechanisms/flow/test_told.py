"""A single word is nobody's secret only where the person, the operator or a document for everybody holds it."""

from typing import Any

import pytest

from trilens.mechanisms.flow.addresses import find_addresses
from trilens.mechanisms.flow.audience import leaks

pytestmark = pytest.mark.requirement("X4")

VALUE = {"order_id": "O-2", "customer_id": "C-18", "state": "refunded"}


@pytest.mark.parametrize(("readers", "leaking"), [(["public"], []), (["leads"], ["refunded"])])
def test_a_word_of_a_document_that_not_everybody_reads_is_still_a_secret(
    declare: Any, talk: Any, readers: list[str], leaking: list[str]
) -> None:
    returns = {"lookup_order": {"returns": {"state": "system"}}}
    system = declare(tools=returns, sources={"refund-policy": {"readers": readers}})
    flow = type(talk)(system, talk.principal).looked_up("lookup_order", VALUE).flow()
    found = find_addresses("It was refunded.", flow)
    told = leaks(found, flow=flow, readers=frozenset({"customer", "customer:C-17"}) - {"customer"})
    assert [leak.atom for leak in told] == leaking
