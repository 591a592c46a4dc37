"""Files read and decoded several at once; an accident of several is found to be that of one, and costs no other."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from pipeline.accident import failure, logged
from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError
from pipeline.images.unpack import Picture
from pipeline.imagesources.base import Content
from pipeline.video.children.pictures import TOGETHER, TOGETHER_BYTES, PictureDecoder, Stopped


def taken(contents: Iterator[Content]) -> tuple[list[tuple[bytes | None, Content]], Exception | None]:
    """Up to TOGETHER files of TOGETHER_BYTES, each with the hash that it is known by; at least one, or the accident of the next."""
    batch: list[tuple[bytes | None, Content]] = []
    total = 0
    while len(batch) < TOGETHER and total < TOGETHER_BYTES:
        try:
            content = next(contents, None)
        except Exception as error:
            return batch, error
        if content is None:
            break
        if isinstance(content, bytes):
            total += len(content)
            batch.append((hashlib.blake2b(content, digest_size=16).digest(), content))
        else:
            batch.append((None, content))
    if not batch:
        raise RuntimeError("a source gave fewer contents than it was asked for")
    return batch, None


def of_item(item: Item, error: Exception) -> InputError:
    """An accident of an item, as the end of its row."""
    wrong = failure(Path(item.key), error)
    return wrong if isinstance(wrong, InputError) else InputError(wrong.code, wrong.message)


async def decoded(decoder: PictureDecoder, threads: Executor, files: Sequence[tuple[Item, bytes]]) -> list[Picture | InputError]:
    """The pictures of some items' files. Raises what ``PictureDecoder.decode`` does; an accident is an item's own."""

    def work() -> list[Picture | InputError]:
        return list(decoder.decode([data for _, data in files]))

    try:
        return await asyncio.get_running_loop().run_in_executor(threads, work)
    except (ScenescribeError, Stopped):
        raise
    except Exception as error:
        if len(files) == 1:
            return [of_item(files[0][0], error)]
        logged(error, pictures=len(files))
    return [picture for one in files for picture in await decoded(decoder, threads, [one])]
