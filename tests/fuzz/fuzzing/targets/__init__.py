"""All targets, by name; one module an area."""

from collections.abc import Mapping
from functools import cache

from fuzzing.target import Target
from fuzzing.targets import arguments, content, flow, ledger, manifest, people, policy, proofs, wire


@cache
def by_name() -> Mapping[str, Target]:
    areas = (arguments, content, flow, ledger, manifest, people, policy, proofs, wire)
    targets = [target for area in areas for target in area.TARGETS]
    named = {target.name: target for target in targets}
    if len(named) != len(targets):
        raise AssertionError("two targets have one name")
    return named
