"""CycloneDX bill of materials of what `trilens` needs at run time, made from the hashed lock.

Names, versions, hashes and who needs whom come from the lock, for every platform. Licences come from the installed metadata: what is not
installed here, because it is for other platforms, is listed without one. The same lock gives the same bytes.

    python -m release.bom FILE
"""

import argparse
import datetime as dt
import hashlib
import os
import sys
import tomllib
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from release.licences import licence_of
from release.lock import RUNTIME, Locked, needs, read_lock, runtime

ROOT = Path(__file__).parent.parent
_NAMESPACE = uuid.UUID("4c63f41d-be1b-4239-a08d-b2415c7d75d5")
"""Of our bills' serial numbers: drawn once."""


def bill_of_materials(lock: Path, project: Path, *, at: dt.datetime) -> str:
    """The bill of a lock as JSON, in CycloneDX 1.6.

    Args:
        project: the `pyproject.toml` whose name, version and licence stand at its head.
        at: the moment it says it was made.

    Raises:
        LockError: the lock is not of its form.
    """
    needed = runtime(read_lock(lock))
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, hashlib.sha256(lock.read_bytes()).hexdigest()))
    bom.metadata.timestamp = at
    bom.metadata.component = root = _project(project)
    components = {one.name: _component(one) for one in needed}
    bom.components.update(components.values())
    asked = needs(needed)
    bom.register_dependency(root, _named(components, asked[RUNTIME]))
    for name, component in components.items():
        bom.register_dependency(component, _named(components, asked.get(name, ())))
    return f"{JsonV1Dot6(bom).output_as_string(indent=2)}\n"


def flaw_in(bill: str) -> str:
    """Why a text is no bill by the schema of CycloneDX 1.6; empty when it is one."""
    flaw = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill)
    return "" if flaw is None else str(flaw)


def moment() -> dt.datetime:
    """The time of the release (`SOURCE_DATE_EPOCH`), or now."""
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    return dt.datetime.fromtimestamp(int(stated), dt.UTC) if stated else dt.datetime.now(dt.UTC)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the bill of the runtime lock; 1 when it does not keep the schema."""
    parser = argparse.ArgumentParser(prog="python -m release.bom", allow_abbrev=False)
    parser.add_argument("out", type=Path, metavar="FILE")
    out: Path = parser.parse_args(arguments).out
    bill = bill_of_materials(ROOT / "requirements" / "runtime.txt", ROOT / "pyproject.toml", at=moment())
    flaw = flaw_in(bill)
    if flaw:
        sys.stderr.write(f"not written, since it does not keep the schema: {flaw}\n")
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(bill, encoding="utf-8")
    return 0


def _project(path: Path) -> Component:
    stated = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return Component(
        name=stated["name"],
        version=stated["version"],
        type=ComponentType.APPLICATION,
        purl=PackageURL("pypi", name=stated["name"], version=stated["version"]),
        licenses=[LicenseFactory().make_from_string(stated["license"])],
        bom_ref=stated["name"],
    )


def _component(one: Locked) -> Component:
    purl = PackageURL("pypi", name=one.name, version=one.version)
    licence = licence_of(one.name)
    # the hashes are those of its files, of which one is installed; a component's own would have to be of one thing
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="SHA-256 of every file that may be installed",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes],
    )
    return Component(
        name=one.name,
        version=one.version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[licence] if licence else [],
        external_references=[files],
        properties=[Property(name="trilens:marker", value=one.marker)] if one.marker else [],
    )


def _named(components: dict[str, Component], names: Iterable[str]) -> list[Component]:
    return [components[name] for name in names if name in components]


if __name__ == "__main__":
    sys.exit(main())
