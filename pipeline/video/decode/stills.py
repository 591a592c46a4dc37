"""Pictures that are files of their own, decoded into shared memory; one that can't be read costs itself only."""

import mmap
import time

import numpy as np

from models.preset import FrameSize
from pipeline.errors import InputError
from pipeline.images.unpack import Picture, unpack
from pipeline.video.children.picture_messages import Still, Unpack, Unpacked


def unpacked(request: Unpack, memory: int) -> Unpacked:
    """Decode all pictures of a request into the memory that came with it."""
    began = time.monotonic()
    shape = request.shape
    size = FrameSize(
        mode="fit" if shape.mode == "fit" else "stretch", side=shape.side, multiple=shape.multiple, min_pixels=shape.min_pixels,
        max_pixels=shape.max_pixels,
    )  # fmt: skip
    stills: list[Still] = []
    files, start = memoryview(request.files), 0
    with mmap.mmap(memory, request.room) as room:
        at = 0
        for length in request.lengths:
            data = bytes(files[start : start + length])
            start += length
            try:
                picture = unpack(data, size.of, most=request.pixels)
                at = _put(room, at, picture)
            except InputError as error:
                stills.append(_failed(error.code, error.message))
            except MemoryError:
                stills.append(_failed("picture_too_large", "it needs more memory than a decoder may take; make it smaller first"))
            else:
                high, wide = picture.image.shape[:2]
                stills.append(Still(width=picture.width, height=picture.height, wide=wide, high=high, code="", message=""))
    return Unpacked(seconds=time.monotonic() - began, stills=tuple(stills))


def _put(room: mmap.mmap, at: int, picture: Picture) -> int:
    """Copy a picture behind the others; where the next one goes. Raises InputError where it is larger than its kind is."""
    end = at + picture.image.nbytes
    if end > len(room):
        raise InputError("picture_too_large", "a strip of a shape that the model can't be shown; crop it first")
    np.frombuffer(room, np.uint8, picture.image.nbytes, at)[:] = picture.image.reshape(-1)
    return end


def _failed(code: str, message: str) -> Still:
    return Still(width=0, height=0, wide=0, high=0, code=code, message=message)
