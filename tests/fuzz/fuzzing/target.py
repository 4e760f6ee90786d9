"""What is fuzzed: one parser, what it must keep to whatever it is given, and where mutation begins."""

from collections.abc import Callable
from dataclasses import dataclass, field

from trilens.errors import TrilensError


class BrokenLawError(AssertionError):
    """A parser took an input and broke a law about it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    `run` returns for whatever the parser takes or refuses in its declared way, and raises `BrokenLawError` for a law that does not hold.
    Anything else that comes out of it is a crash, and what takes longer than the driver's deadline is a hang.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    """Inputs that the parser takes, most of them; mutation begins at these."""
    words: tuple[bytes, ...] = ()
    """Pieces that mutation puts in whole: what the format is made of, and what has fooled readers of it."""
    cost: int = 1
    """How many times the usual work an input takes: the short form does so many times fewer."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """The declared errors of one parser: `with Refusals(...)` lets them be its answer."""

    kinds: tuple[type[Exception], ...] = field(default=(TrilensError,))

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, self.kinds)


def law(holds: object, what: str) -> None:
    """Raises: BrokenLawError when it does not hold."""
    if not holds:
        raise BrokenLawError(what)


def text_of(data: bytes) -> str:
    """Any bytes as a text: what is not UTF-8 becomes lone surrogates, which a text of Python may hold too."""
    return data.decode("utf-8", "surrogateescape")
