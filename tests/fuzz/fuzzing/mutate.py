"""Inputs from seeds: the same (seed, number) gives the same input on every machine.

Half of the inputs are made by editing bytes, half of what is JSON by editing its tree and writing it in another spelling. Coverage is not
looked at: `guided.py` does that where atheris is installed.
"""

import json
from collections.abc import Callable, Sequence
from random import Random

from fuzzing.target import Target

LARGEST = 8_192
"""Bytes of an input: hangs show long before, and a million of them end the same day."""
_MOST_EDITS = 5
_BYTES = b"\0\t\n\r \x7f\x80\xc2\xff\"'\\{}[](),:;=+-.*/<>@#$%&|~`^!?_0123456789eEuUxX"
_SCALARS: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 50, 2**53 - 1, 2**53, -(2**53), 2**63, 10**20, 0.1, -0.0, 1e-7, 1e22, 1e308),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "\u202e",
        "\u200b",
        "İ",
        "ﬁ",
        "\U000e0041",
        "é",
        "٣",
        "１",
        "a" * 300,
        "0",
        "1.000",
        "1e5",
    ),
    *("args.amount", "O-1001", "C-17", "mailto:x@collect.example", "https://collect.example/?q=1", "x@collect.example"),
    *([], {}, [[]], {"": ""}, [None], {"a": {"a": {}}}),
)


def make_input(target: Target, seed: int, number: int) -> bytes:
    """The input of that number."""
    random = Random(seed * 1_000_003 + number)
    data = random.choice(target.seeds)
    for _ in range(random.randint(1, _MOST_EDITS)):
        data = edited(data, target, random)
    return data[:LARGEST]


def edited(data: bytes, target: Target, random: Random) -> bytes:
    """One edit further."""
    if random.random() < 0.4:
        tree = _edited_tree(data, random)
        if tree is not None:
            return tree
    return random.choice(_EDITS)(data, target, random)


def _span(data: bytes, random: Random, most: int = 64) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.randint(0, most))


def _flip(data: bytes, _: Target, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _replace(data: bytes, _: Target, random: Random) -> bytes:
    start, stop = _span(data, random, 2)
    return data[:start] + bytes(random.choices(_BYTES, k=random.randint(0, 3))) + data[stop:]


def _cut(data: bytes, _: Target, random: Random) -> bytes:
    start, stop = _span(data, random)
    return data[:start] + data[stop:]


def _end(data: bytes, _: Target, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _repeat(data: bytes, _: Target, random: Random) -> bytes:
    start, stop = _span(data, random)
    return (data[:stop] + data[start:stop] * random.choice((1, 2, 7, 63, 400)) + data[stop:])[:LARGEST]


def _move(data: bytes, _: Target, random: Random) -> bytes:
    start, stop = _span(data, random)
    rest = data[:start] + data[stop:]
    at = random.randint(0, len(rest))
    return rest[:at] + data[start:stop] + rest[at:]


def _splice(data: bytes, target: Target, random: Random) -> bytes:
    other = random.choice(target.seeds)
    start, stop = _span(other, random, 400)
    at, end = _span(data, random)
    return data[:at] + other[start:stop] + data[end:]


def _word(data: bytes, target: Target, random: Random) -> bytes:
    word = random.choice(target.words) if target.words else random.randbytes(4)
    at, end = _span(data, random, 8)
    return data[:at] + word + data[random.choice((at, end)) :]


def _number(data: bytes, _: Target, random: Random) -> bytes:
    """Another number where one stands."""
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = random.choice(places)
    written = random.choice(
        (b"0", b"-1", b"9" * 20, b"1" * 5000, b"1e999", b"0.1", b"00", b"\xd9\xa3", b"18446744073709551616")
    )
    return data[:at] + written + data[at + 1 :]


_EDITS: Sequence[Callable[[bytes, Target, Random], bytes]] = (
    *(_flip, _replace, _replace, _cut, _end, _repeat, _move, _splice, _word, _word, _number),
)


def _edited_tree(data: bytes, random: Random) -> bytes | None:
    if data[:1] not in b"{[":
        return None
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return respelled(_with_change(tree, random), random)


def _with_change(tree: object, random: Random) -> object:
    """The tree with one of its nodes changed: a step down by chance, as long as there is one."""
    if isinstance(tree, dict) and tree and random.random() < 0.75:
        key = random.choice(list(tree))
        match random.randrange(8):
            case 0:
                return {name: item for name, item in tree.items() if name != key}
            case 1:
                return {**tree, str(random.choice(_SCALARS))[:40]: tree[key]}
            case _:
                return {**tree, key: _with_change(tree[key], random)}
    if isinstance(tree, list) and tree and random.random() < 0.75:
        at = random.randrange(len(tree))
        match random.randrange(8):
            case 0:
                return tree[:at] + tree[at + 1 :]
            case 1:
                return [*tree, tree[at]]
            case _:
                return [*tree[:at], _with_change(tree[at], random), *tree[at + 1 :]]
    return random.choice(_SCALARS)


def respelled(tree: object, random: Random) -> bytes:
    """JSON of the tree, in one of the spellings that mean the same."""
    spaces = random.choice(((",", ":"), (", ", ": "), (" ,\n", "\t: ")))
    text = json.dumps(
        tree,
        ensure_ascii=random.random() < 0.5,
        separators=spaces,
        indent=random.choice((None, None, 2)),
        sort_keys=random.random() < 0.2,
    )
    return text.encode("utf-8", "surrogatepass")
