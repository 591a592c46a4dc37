"""Doors of data sets and of streams by http: tars, tables, plans and endings of a ledger, playlists, segments."""

import io
import struct
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

FEW = 300
"""items that are taken of one input"""


def tars(path: Path) -> object:
    """A shard, listed and read; a place that is read twice is an accident: it would be read for ever."""
    from pipeline.imagesources import webdataset

    return _listed(webdataset.Source(), path)


def tables(path: Path) -> object:
    """A table with pictures, listed and read."""
    from pipeline.imagesources import parquet

    return _listed(parquet.Source(), path)


def _listed(source: Any, path: Path) -> object:
    from itertools import islice

    from pipeline.imagesources.base import Place, Wishes
    from pipeline.storage import open_storage

    wishes = Wishes(keep_columns=())
    place = Place(storage=open_storage(str(path.parent), {}), name=path.name, url=str(path))
    items = list(islice(source.list(place, wishes), FEW))
    places = [tuple(item.locator.items()) for item in items if not item.reason and "url" not in item.locator]
    assert len(places) == len(set(places)), "a place twice"
    read = list(source.read([item for item in items if not item.reason and "url" not in item.locator], wishes))
    return items, read


def tar_seeds() -> list[bytes]:
    made = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=form) as out:
            for name in (
                ("a.jpg", "a.txt", ("d/" * 20) + "b.png", "\u6d77.webp") if form != tarfile.USTAR_FORMAT else ("a.jpg", "b.png")
            ):
                info = tarfile.TarInfo(name)
                info.size, info.pax_headers = 700, {"comment": "x", "GNU.sparse.major": "0"} if form == tarfile.PAX_FORMAT else {}
                out.addfile(info, io.BytesIO(b"\xff\xd8" + bytes(698)))
        made.append(_summed(file.getvalue()))
    return made


def summed(read: Callable[[Path], object]) -> Callable[[Path], object]:
    """Heads of a mutant have a right sum again, half of the time: else nothing but sums would be tried."""

    def mended(path: Path) -> object:
        data = path.read_bytes()
        if sum(data[:64]) % 2:
            path.write_bytes(_summed(data))
        return read(path)

    return mended


def _summed(data: bytes) -> bytes:
    mended = bytearray(data)
    for at in range(0, len(mended) - 511, 512):
        if mended[at + 257 : at + 262] == b"ustar":
            mended[at + 148 : at + 156] = b" " * 8
            mended[at + 148 : at + 156] = b"%06o\0 " % (sum(mended[at : at + 512]) & 0o777777)
    return bytes(mended)


def table_seeds() -> list[bytes]:
    import pyarrow
    import pyarrow.parquet

    made = []
    for pictures, more in (
        ([b"\xff\xd8" + bytes(50)] * 5, {}),
        ([{"bytes": b"\x89PNG", "path": "a.png"}] * 5, {"compression": "none", "use_dictionary": False}),
        (["http://x.example/a.png"] * 5, {"compression": "gzip"}),
    ):
        file = io.BytesIO()
        name = "url" if isinstance(pictures[0], str) else "image"
        table = pyarrow.table({name: pictures, "key": [str(n) for n in range(5)]})
        pyarrow.parquet.write_table(table, file, row_group_size=3, **more)
        made.append(file.getvalue())
    return made


@cache
def _data_set() -> dict[str, bytes]:
    """The files of a small data set that is done, by their names."""
    import tempfile

    from pipeline.datasets.items import Item, Row
    from pipeline.datasets.ledger import Ledger
    from pipeline.storage import open_storage
    from pipeline.types import Outcome

    with tempfile.TemporaryDirectory(prefix="scenescribe-fuzz-") as folder:
        ledger = Ledger.open(open_storage(folder, {}), {"model": "shapes"})
        items = [Item(key=f"k{n}", source="s", locator={"file": f"{n}.png"}, weight=1.0, reason="") for n in range(4)]
        plan = ledger.plan(items, 2)
        for unit in plan.units.values():
            rows = [
                Row(key=item.key, source="s", content=bytes(16), width=9, height=9, caption="A dog.", outcome=Outcome.OK)
                for item in plan.items(unit)
            ]
            ledger.commit(unit, plan.items(unit), rows, host="h", seconds=1.0)
        root = Path(folder)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def ledger_seeds(beginning: str) -> list[bytes]:
    """Files of the data set whose names begin so."""
    return [data for name, data in _data_set().items() if name.startswith(beginning)]


def ledger(beginning: str, folder: Path) -> Callable[[bytes], object]:
    """Reads a data set in which one such file is the input: how far it is, its items and its rows."""

    import shutil

    place = folder / "set"
    shutil.rmtree(place, ignore_errors=True)
    for name, whole in _data_set().items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(whole)
    mine = place / next(name for name in _data_set() if name.startswith(beginning))

    def read(data: bytes) -> object:
        from pipeline.datasets import results
        from pipeline.datasets.ledger import Ledger
        from pipeline.storage import open_storage

        mine.write_bytes(data)
        found = Ledger.existing(open_storage(str(place), {}))
        return (
            results.status(found),
            [found.frozen.items(unit) for unit in found.frozen.units.values()],
            list(results.rows(found)),
        )

    return read


PLAYLISTS = [
    (
        b"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:17\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"
        b'#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-27T10:00:00.000+01:00\n#EXTINF:4.0,\n'
        b"#EXT-X-BYTERANGE:100@700\nall.mp4\n#EXT-X-GAP\n#EXTINF:3.5,\nhttps://x.example/b.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\n../c.ts\n#EXT-X-ENDLIST\n"
    ),
    b'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=640x480,CODECS="avc1.4d,mp4a"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=90\n//h/b.m3u8\n',
]


def playlist(data: bytes) -> object:
    """A playlist after another one, as a stream goes on."""
    from pipeline.live.http.breaks import Listed, broken_between
    from pipeline.live.http.playlist import Media, parse

    before, media = (
        parse(PLAYLISTS[0].decode(), "https://x.example/live/a.m3u8"),
        parse(data.decode("utf-8", "replace"), "https://x.example/live/a.m3u8"),
    )
    if not isinstance(before, Media) or not isinstance(media, Media) or not media.segments:
        return media
    listed = Listed()
    listed.add(before)
    assert 0.2 <= media.target <= 600
    assert all(0 <= segment.seconds <= 86400 for segment in media.segments)
    return listed.is_old(media), broken_between(before.segments[0], media.segments[-1], media)


def segment(data: bytes) -> object:
    from pipeline.live.http.stamps import first_stamp

    return first_stamp(data, b""), first_stamp(data[len(data) // 2 :], data[: len(data) // 2])


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


SEGMENTS = [
    b"G\x40\x11\x10\0\0\0\x01\xe0\0\0\x80\x80\x05\x21\0\x01\0\x01".ljust(188, b"\xff") * 3,
    _box(
        b"moov",
        _box(
            b"trak", _box(b"tkhd", bytes(12) + b"\0\0\0\x01" + bytes(68)),
            _box(b"mdia", _box(b"mdhd", bytes(12) + struct.pack(">I", 90000) + bytes(8)), _box(b"hdlr", bytes(8) + b"vide" + bytes(12))),
        ),
    )
    + _box(b"moof", _box(b"traf", _box(b"tfhd", bytes(4) + b"\0\0\0\x01"), _box(b"tfdt", bytes(4) + struct.pack(">I", 900_000))))
    + _box(b"mdat", bytes(50)),
]  # fmt: skip
