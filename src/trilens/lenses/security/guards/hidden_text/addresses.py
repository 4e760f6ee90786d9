"""Links and addresses in a hidden or coded text that the visible one does not show."""

from collections.abc import Set as AbstractSet

from trilens.mechanisms.content.scan import Pattern
from trilens.mechanisms.flow.atoms import fold
from trilens.mechanisms.flow.explain.link import is_own
from trilens.mechanisms.flow.links import links_in

_MOST_ASKED = 64

_ADDRESS = Pattern(r"[a-z0-9_.+-]{1,64}@(?P<host>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)")
_IN_ADDRESS = Pattern(r"@|//|[\pL\pN]\.[\pL\pN]{2}")


class Visible:
    """The text as it is seen, folded when it is first asked; each question costs one search, so there are so many and no more."""

    def __init__(self, text: str, own_hosts: AbstractSet[str]) -> None:
        self._text = text
        self._own_hosts = own_hosts
        self._shown: str | None = None
        self._asked = 0

    def lacks_address_of(self, unseen: str) -> bool:
        """Whether `unseen` leads anywhere that the text does not name and that is not ours; also when too much was asked to tell."""
        read = fold(unseen)
        places = {link.host: link.host for link in links_in(read)}
        places |= {read[hit.start : hit.stop]: hit["host"] for hit in _ADDRESS.hits(read)}
        self._asked += len(places)
        if self._shown is None and places:
            self._shown = fold(self._text)
        return self._asked > _MOST_ASKED or any(
            not place or (place not in (self._shown or "") and not is_own(host, self._own_hosts))
            for place, host in places.items()
        )


def is_in_address(text: str, start: int, stop: int) -> bool:
    """Whether the word from `start` to `stop` is part of a link, a host or an address."""
    before, after = text[max(0, start - 256) : start], text[stop : stop + 256]
    left = before.split()[-1] if before and not before[-1].isspace() else ""
    right = after.split()[0] if after and not after[0].isspace() else ""
    return _IN_ADDRESS.search(left + text[start:stop] + right) is not None
