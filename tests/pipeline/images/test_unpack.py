"""From any image file to the pixels that a model is shown."""

import io

import numpy as np
import picture_files
import pytest
from PIL import Image

from models.preset import FrameSize
from pipeline.errors import InputError
from pipeline.images.unpack import unpack

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


def quarters(image: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the middles of its quarters."""
    high, wide = image.shape[:2]
    return [tuple(int(v) for v in image[y, x]) for y in (high // 4, 3 * high // 4) for x in (wide // 4, 3 * wide // 4)]


def near(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], by: int = 12) -> bool:
    return all(abs(a - b) <= by for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", sorted(picture_files.good()))
def test_every_kind_shows_the_same_picture_upright(name: str) -> None:
    picture = unpack(picture_files.good()[name])
    assert picture.image.dtype == np.uint8
    assert picture.image.shape == (64, 96, 3)
    assert (picture.width, picture.height) == (96, 64)
    shades = [(76,) * 3, (150,) * 3, (29,) * 3, (226,) * 3]
    assert near(quarters(picture.image), shades if name == "grey16.png" else [RED, GREEN, BLUE, YELLOW])


def test_pictures_come_in_the_size_that_is_wanted_and_remember_their_own() -> None:
    data = picture_files.encoded(picture_files.corners(4000, 3000), "JPEG")
    picture = unpack(data, FrameSize(side=384).of)
    assert picture.image.shape == (384, 384, 3)
    assert (picture.width, picture.height) == (4000, 3000)
    assert near(quarters(picture.image), [RED, GREEN, BLUE, YELLOW])


def test_a_picture_on_its_side_is_fitted_as_it_stands() -> None:
    picture = unpack(picture_files.turned(6), FrameSize(mode="fit", multiple=28, min_pixels=784, max_pixels=200_000).of)
    assert picture.image.shape == (56, 84, 3)
    assert near(quarters(picture.image), [RED, GREEN, BLUE, YELLOW])


def test_a_jpeg_is_decoded_reduced_and_nobody_sees_it() -> None:
    rng = np.random.default_rng(1)
    smooth = Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).resize((2048, 2048), Image.Resampling.BICUBIC)
    data = picture_files.encoded(smooth, "JPEG", quality=95)
    whole = np.asarray(Image.fromarray(unpack(data).image).resize((256, 256), Image.Resampling.BICUBIC), np.int16)
    reduced = unpack(data, lambda w, h: (256, 256)).image.astype(np.int16)
    assert np.abs(whole - reduced).mean() < 1.5


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_picture_is_taken(kind: str) -> None:
    assert near(quarters(unpack(picture_files.animated(kind)).image), [RED] * 4)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_stands_on_white(kind: str) -> None:
    glass = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    glass.paste((255, 0, 0, 255), (0, 0, 20, 20))
    white = (255, 255, 255)
    assert near(quarters(unpack(picture_files.encoded(glass, kind)).image), [RED, white, white, white])


@pytest.mark.parametrize("name", sorted(picture_files.bad()))
def test_what_is_no_picture_is_an_error_with_its_reason(name: str) -> None:
    data, code = picture_files.bad()[name]
    with pytest.raises(InputError) as caught:
        unpack(data, FrameSize().of)
    assert caught.value.code == code
    assert "0x" not in caught.value.message


def test_an_unreadable_kind_is_told_by_its_name() -> None:
    for data, word in ((b"<svg></svg>", "SVG"), (b"\0\0\0\x18ftypheic\0\0", "HEIC"), (b"%PDF-1.7", "PDF"), (b"<html>", "HTML")):
        with pytest.raises(InputError) as caught:
            unpack(data)
        assert word in caught.value.message


def test_sixteen_bits_elsewhere_than_in_png_are_stretched_over_what_is_there() -> None:
    ramp = Image.fromarray(np.linspace(100, 1100, 64 * 64).reshape(64, 64).astype(np.uint16))
    image = unpack(picture_files.encoded(ramp, "TIFF")).image
    assert image.min() == 0
    assert image.max() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_on_its_side_is_turned_once(orientation: int, compression: str | None) -> None:
    """Pillow turns a TIFF as it decodes it, and no other format."""
    lying, turned = picture_files.corners(40, 20), Image.Exif()
    turned[0x0112] = orientation
    as_png, as_tiff = io.BytesIO(), io.BytesIO()
    lying.save(as_png, "PNG", exif=turned)
    lying.save(as_tiff, "TIFF", exif=turned, compression=compression)
    wanted, found = unpack(as_png.getvalue()), unpack(as_tiff.getvalue())
    assert (found.width, found.height) == (wanted.width, wanted.height) == ((20, 40) if orientation > 4 else (40, 20))
    assert np.array_equal(found.image, wanted.image)
    small = unpack(as_tiff.getvalue(), lambda width, height: (width // 2, height // 2))
    assert near(quarters(small.image), quarters(wanted.image))


def test_a_shade_of_sixteen_bits_that_is_transparent_stands_on_white_and_the_others_as_they_are() -> None:
    ramp = np.linspace(0, 65535, 16 * 16).reshape(16, 16).astype(np.uint16)
    plain, glass = io.BytesIO(), io.BytesIO()
    Image.fromarray(ramp).save(plain, "PNG")
    Image.fromarray(ramp).save(glass, "PNG", transparency=int(ramp[0, 0]))
    wanted = unpack(plain.getvalue()).image.copy()
    assert tuple(wanted[0, 0]) == (0, 0, 0)
    wanted[0, 0] = 255
    assert np.array_equal(unpack(glass.getvalue()).image, wanted)


def test_a_jpeg_of_thousands_of_scans_is_not_decoded() -> None:
    """Each is a few bytes and a way through all of the picture: 2 MB took a quarter of an hour."""
    with pytest.raises(InputError, match=r"it is drawn in 4,0\d\d passes") as told:
        unpack(picture_files.drawn_again((4000, 3000), 4000))
    assert told.value.code == "picture_too_large"
    for good in (picture_files.drawn_again((4000, 3000), 0), picture_files.drawn_again((96, 64), 4000)):
        unpack(good)  # ten scans as usual, and many of a picture that is small
