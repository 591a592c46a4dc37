"""A tar of somebody else is read to where it can be, once: whatever its heads say of sizes."""

import io
import tarfile

import pytest

from pipeline.datasets.tars import goes_on, members, opened


def head(name: str, size: int, kind: bytes = b"0") -> bytes:
    """A head that says any size, as GNU's tar writes one: base 256."""
    info = tarfile.TarInfo(name)
    info.type = kind
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    raw[124:136] = b"\xff" + (size + 256**11).to_bytes(11, "big") if size < 0 else b"\x80" + size.to_bytes(11, "big")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw[:512])


def told(record: bytes) -> bytes:
    """A pax head with one record, which overrules the head behind it."""
    line = b"%d %s\n" % (len(record) + 4, record)
    return head("pax", len(line), b"x") + line.ljust(512, b"\0")


GOOD, END = head("a.jpg", 3) + b"abc".ljust(512, b"\0"), bytes(1024)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(head("b.jpg", -512), id="back to itself"),
        pytest.param(head("b.jpg", -1536), id="back to the one before"),
        pytest.param(told(b"size=-1536") + head("c.jpg", 0), id="back by a pax record"),
        pytest.param(head("pax", -512, b"x"), id="a pax head of the rest of the file"),
        pytest.param(head("name", 1 << 40, b"L"), id="a name of a terabyte"),
        pytest.param(head("s.jpg", 100, b"S"), id="a sparse file whose list is cut off"),
        pytest.param(told(b"GNU.sparse.major=1") + head("s.jpg", 0), id="half a sparse file"),
        pytest.param(
            head("pax", 44, b"x") + b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n".ljust(512, b"\0") + head("s.jpg", 512) + b"9" * 512,
            id="a sparse file whose list has no end",
        ),
        pytest.param(b"".join(head("pax", 0, b"x") for _ in range(3000)), id="thousands of heads for one member"),
    ],
)  # fmt: skip
def test_each_member_once_and_then_an_error(rest: bytes) -> None:
    found = []
    with opened(io.BytesIO(GOOD + rest + END)) as tar:
        try:
            for member in members(tar):
                found.append(member.name)
                assert len(found) < 10, "it goes round"
        except tarfile.TarError:
            pass
        except RecursionError:
            pytest.fail("no error of tars")
    assert found[0] == "a.jpg"
    assert len(found) == len(set(found)) <= 2


def test_long_names_and_large_members_are_read_as_ever() -> None:
    file = io.BytesIO()
    names = ["a" * 300 + ".jpg", "\u6d77" * 120 + ".png", "b.jpg"]
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        file.seek(0)
        file.truncate()
        with tarfile.open(fileobj=file, mode="w", format=form) as out:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 5
                out.addfile(info, io.BytesIO(b"12345"))
        file.seek(0)
        with opened(file) as tar:
            assert [(one.name, one.size) for one in members(tar)] == [(name, 5) for name in names]


def test_records_for_all_members_have_a_bound() -> None:
    """tarfile keeps them all and copies them for each member: 127 MB of them took 700 MB, and a member more each time."""
    many = b"".join(tarfile.TarInfo.create_pax_global_header({f"k{part}.{n}": "v" for n in range(400)}) for part in range(3))
    few = tarfile.TarInfo.create_pax_global_header({"comment": "made by hand"})
    with opened(io.BytesIO(few + GOOD + END)) as tar:
        assert [member.name for member in members(tar)] == ["a.jpg"]
    with opened(io.BytesIO(GOOD + many + head("b.jpg", 3) + b"abc".ljust(512, b"\0") + END)) as tar:
        read = members(tar)
        assert next(read).name == "a.jpg"
        with pytest.raises(tarfile.ReadError, match="records that hold for all"):
            next(read)


@pytest.mark.parametrize(
    ("behind", "more"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(bytes(10_240), False, id="what it is filled up with"),
        pytest.param(GOOD + END, True, id="another tar"),
        pytest.param(bytes(9216) + GOOD + END, True, id="another tar behind what the first is filled up with"),
        pytest.param(b"a signature", False, id="a signature"),
        pytest.param(bytes(512) + b"x" * 2048, False, id="rubbish"),
        pytest.param(head("s.jpg", 100, b"S") + bytes(512), True, id="a member of a kind that is refused"),
    ],
)
def test_a_tar_behind_its_end(behind: bytes, more: bool) -> None:
    data = GOOD + END + behind
    file = io.BytesIO(data)
    with opened(file) as tar:
        assert [member.name for member in members(tar)] == ["a.jpg"]
        assert goes_on(file, len(data)) is more
