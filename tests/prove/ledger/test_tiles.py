from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError
from trilens.prove.ledger.merkle import EMPTY_ROOT, leaf_hash, root_of
from trilens.prove.ledger.tiles import (
    ENTRIES,
    Edge,
    Tile,
    bundles_of,
    decode_bundle,
    encode_bundle,
    path_of,
    split_tile,
    tile_at,
    tiles_of,
)

MANY = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


def refuses(code: str = "ledger/tile") -> "pytest.RaisesExc[LedgerError]":
    return pytest.raises(LedgerError, check=lambda error: error.code == code)


def read_edge(size: int, kept: Mapping[tuple[int, int], bytes]) -> Edge:
    return Edge.read(size, lambda level, number: kept.get((level, number)))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1_000), "tile/0/x001/000"),
        (Tile(1, 1_234_067), "tile/1/x001/x234/067"),  # the example of C2SP tlog-tiles
        (Tile(63, 7, 255), "tile/63/007.p/255"),
        (Tile(ENTRIES, 1_234_067, 1), "tile/entries/x001/x234/067.p/1"),
    ],
)
def test_a_tile_has_the_path_the_format_gives_it(tile: Tile, path: str) -> None:
    assert path_of(tile) == path
    assert tile_at(path) == tile


@given(st.builds(Tile, st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256)))
@settings(deadline=None)
def test_a_path_is_read_back_as_the_tile_it_names(tile: Tile) -> None:
    assert tile_at(path_of(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/1000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/y001/000",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/entries0/000",
        "tile/0/٠٠٠",
        "tile/0/../000",
        "bundle/0/000",
    ],
)
def test_another_spelling_is_no_path(path: str) -> None:
    with refuses():
        tile_at(path)


@given(st.text(max_size=40))
@settings(deadline=None)
def test_a_path_is_read_or_refused(path: str) -> None:
    with suppress(LedgerError):
        assert path_of(tile_at(path)) == path


def test_seventy_thousand_entries_make_the_tiles_of_the_format_s_example() -> None:
    tiles = list(tiles_of(70_000))
    assert len([t for t in tiles if t.level == 0 and t.width == 256]) == 273
    assert [t for t in tiles if (t.level, t.width) != (0, 256)] == [
        Tile(0, 273, 112),
        Tile(1, 0),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert list(bundles_of(257)) == [Tile(ENTRIES, 0), Tile(ENTRIES, 1, 1)]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_the_edge_of_a_tree_gives_its_root_and_exactly_its_tiles(size: int) -> None:
    edge = Edge()
    grown: list[tuple[int, int, bytes]] = []
    for start in range(0, size, 10_007):
        grown += edge.extend(MANY[start : min(start + 10_007, size)])
    kept = {(level, number): data for level, number, data in [*grown, *edge.partial()]}
    assert edge.root() == root_of(MANY[:size])
    assert {(t.level, t.number): 32 * t.width for t in tiles_of(size)} == {key: len(tile) for key, tile in kept.items()}
    assert read_edge(size, kept).root() == edge.root()


@given(st.lists(st.integers(0, 700), max_size=6))
@settings(deadline=None, max_examples=40)
def test_an_edge_is_the_same_however_the_entries_came(parts: list[int]) -> None:
    edge, kept = Edge(), dict[tuple[int, int], bytes]()
    for part in parts:
        before = edge.size
        for level, number, tile in [*edge.extend(MANY[before : before + part]), *edge.partial()]:
            assert tile.startswith(kept.get((level, number), b""))
            kept[level, number] = tile
        assert edge.root() == root_of(MANY[: edge.size])
        edge = read_edge(edge.size, kept)
    assert edge.root() == (root_of(MANY[: sum(parts)]) if sum(parts) else EMPTY_ROOT)


def test_an_edge_without_one_of_its_tiles_is_refused() -> None:
    edge = Edge()
    kept = {(level, number): tile for level, number, tile in [*edge.extend(MANY[:300]), *edge.partial()]}
    for missing in ((0, 1), (1, 0)):
        with refuses():
            read_edge(300, {key: tile for key, tile in kept.items() if key != missing})
    with refuses():
        read_edge(300, {key: tile[:-32] for key, tile in kept.items()})
    with refuses():
        read_edge(300, {key: tile[:-1] for key, tile in kept.items()})


@given(st.lists(st.binary(max_size=300), max_size=20))
@settings(deadline=None)
def test_a_bundle_is_read_back_as_its_entries(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == tuple(entries)


def test_a_bundle_counts_its_entries_in_two_bytes_big_endian() -> None:
    assert encode_bundle([b"", b"a" * 258]) == b"\0\0\1\2" + b"a" * 258
    assert decode_bundle(encode_bundle([b"x" * 65_535])) == (b"x" * 65_535,)
    with refuses():
        encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize("bundle", [b"\0", b"\0\1", b"\0\0\0", b"\0\2a", b"\0\1ab"])
def test_a_bundle_that_ends_within_an_entry_is_refused(bundle: bytes) -> None:
    with refuses():
        decode_bundle(bundle)


@pytest.mark.parametrize("tile", [b"", b"x" * 31, b"x" * 33, b"x" * 257 * 32])
def test_a_tile_is_made_of_one_to_256_hashes(tile: bytes) -> None:
    with refuses():
        split_tile(tile)
