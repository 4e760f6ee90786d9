"""Under which licence an installed distribution says it stands.

What it states as an SPDX expression is taken as it is. Older metadata names a licence in words; those we know are spelled in SPDX, and
others are quoted, so that a reader sees that nobody has looked.
"""

from collections.abc import Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.license import License

_CLASSIFIER = "License :: OSI Approved :: "
_SPDX: Mapping[str, str] = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What older metadata calls a licence. google-re2 is the one `BSD License` here, and its LICENSE file has three clauses."""


def licence_of(name: str) -> License | None:
    """The licence of an installed distribution; None when it is not installed here or says nothing."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    stated = _first(found, "License-Expression") or _in_words(_first(found, "License"))
    classifiers = found.get_all("Classifier") or []
    classified = [line.removeprefix(_CLASSIFIER) for line in classifiers if line.startswith(_CLASSIFIER)]
    # several classifiers do not say whether one may choose: read as the stricter
    text = stated or " AND ".join(dict.fromkeys(_SPDX.get(words, words) for words in classified))
    return LicenseFactory().make_from_string(text) if text else None


def _first(found: PackageMetadata, field: str) -> str:
    values: list[str] = found.get_all(field) or []
    return values[0] if values else ""


def _in_words(text: str) -> str:
    """A licence's name; whole texts of licences, which some put here, are none."""
    return _SPDX.get(text.strip(), text.strip()) if "\n" not in text.strip() else ""
