"""Image files of every kind that people have, and of those that are no pictures at all."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def corners(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green / blue, yellow quarters: which way up it is can be seen."""
    data = np.zeros((height, width, 3), np.uint8)
    data[: height // 2, : width // 2] = (255, 0, 0)
    data[: height // 2, width // 2 :] = (0, 255, 0)
    data[height // 2 :, : width // 2] = (0, 0, 255)
    data[height // 2 :, width // 2 :] = (255, 255, 0)
    return Image.fromarray(data)


def turned(orientation: int) -> bytes:
    """The corners, stored so that a viewer that heeds this EXIF orientation shows them upright."""
    from PIL.Image import Transpose

    undo = {
        1: None, 2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_90, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    image = corners() if undo is None else corners().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", quality=95, subsampling=0, exif=exif)


def bomb(width: int = 100_000, height: int = 100_000) -> bytes:
    """A PNG of a few bytes that says it has ten thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def animated(kind: str) -> bytes:
    """Red first, then blue."""
    red, blue = (Image.new("RGB", (64, 64), colour) for colour in ((255, 0, 0), (0, 0, 255)))
    return encoded(red, kind, save_all=True, append_images=[blue], duration=200, **({"lossless": True} if kind == "WEBP" else {}))


def good() -> dict[str, bytes]:
    """name -> a file that shows the corners."""
    rgb = corners()
    see_through = rgb.convert("RGBA")
    high = Image.fromarray(np.asarray(rgb.convert("L"), np.uint16) * 257)
    return {
        "plain.png": encoded(rgb), "plain.jpg": encoded(rgb, "JPEG", quality=95, subsampling=0), "palette.png": encoded(rgb.quantize(16)),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), "JPEG", quality=95, subsampling=0), "alpha.webp": encoded(see_through, "WEBP", lossless=True),
        "still.gif": encoded(rgb.quantize(16), "GIF"), "flat.bmp": encoded(rgb, "BMP"), "scan.tif": encoded(rgb, "TIFF"),
        "new.avif": encoded(rgb, "AVIF", quality=95), "j2k.jp2": encoded(rgb, "JPEG2000"), "grey16.png": encoded(high),
        **{f"exif{number}.jpg": turned(number) for number in range(1, 9)},
    }  # fmt: skip


def bad() -> dict[str, tuple[bytes, str]]:
    """name -> (what lies there, the code that it must get)."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8))
    return {
        "empty.jpg": (b"", "empty_picture"),
        "half.jpg": (encoded(noise, "JPEG")[:4000], "truncated_picture"),
        "half.png": (encoded(noise)[:20_000], "truncated_picture"),
        "drawing.jpg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>', "bad_picture"),
        "page.jpg": (b"<!DOCTYPE html><html><body>404</body></html>", "bad_picture"),
        "text.png": (b"no picture at all", "bad_picture"),
        "bomb.png": (bomb(), "picture_too_large"),
    }


def drawn_again(size: tuple[int, int], times: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times more: any decoder goes over the whole picture for each."""
    data = encoded(Image.new("RGB", size), "JPEG", progressive=True)
    end = data.rindex(b"\xff\xd9")
    return data[:end] + data[data.rindex(b"\xff\xda") : end] * times + b"\xff\xd9"
