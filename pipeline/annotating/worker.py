"""Units on their way: read on a thread, decoded by children, asked, put together, committed.

    unit   b b b b | b b b ...        batches of files: read one after the other, some decoded at once
           p p p p p p p p            pictures: each waits for room in the engine, so that memory is bounded
           . . . r . r r .            answers, in any order -> rows in the order of the items -> commit

The next unit is taken when the last file of this one is read: the engine never waits for a unit to end.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Self

from models.base import Reply
from pipeline.accident import logged
from pipeline.annotating.answer import LISTED, Answer, Told, failed
from pipeline.annotating.batches import decoded, of_item, taken
from pipeline.annotating.films import Films
from pipeline.annotating.pull import Granted, one_of
from pipeline.annotating.recipe import PictureRecipe
from pipeline.captioning.answers import guard
from pipeline.datasets.items import Item, Row
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Place
from pipeline.errors import InputError, RequestError, ScenescribeError
from pipeline.images.unpack import Picture
from pipeline.imagesources.base import Content, Wishes
from pipeline.imagesources.reading import Reader
from pipeline.types import Outcome
from pipeline.video.children.pictures import PictureDecoder

REMEMBERED = 100_000
"""pictures whose answers are kept for others of the same bytes"""


class Worker:
    """One process's; an asynchronous context manager. All methods belong to one event loop."""

    def __init__(
        self, engine: Engine, decoder: PictureDecoder, recipe: PictureRecipe, wishes: Wishes, *, workers: int, told: Told, model: str,
        films: Films | None = None,
    ) -> None:  # fmt: skip
        """``workers``: batches that are decoded at once; ``model``: its name in the rows; ``films``: who describes those."""
        self.engine, self.decoder, self.recipe, self.model, self.told = engine, decoder, recipe, model, told
        self._films = films
        self._reader = Reader(wishes)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        self._room = asyncio.Semaphore(workers + 1)
        """batches that are read and not yet all in the engine"""
        self._answers: OrderedDict[bytes, asyncio.Future[Answer]] = OrderedDict()
        self._again, self._before = set[str](), set[str]()
        """of units that were given back: keys of their first items, and of those that were told of: none is told of twice"""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.decoder.stop()
        self._reading.shutdown(wait=False, cancel_futures=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def unit(self, grant: Granted, read: Callable[[], None]) -> None:
        """Do one unit; ``read`` is called once at least, when nothing more of it is to be read. An accident of an item is that item's; one of
        the unit gives it back, to be tried again.

        Raises OutputError where its rows can't be written, and EnvironmentFault or UsageError where the engine can't go on.
        """
        first = grant.items[0].key if grant.items else ""
        for item in grant.listed_failed if first not in self._again else ():
            self._tell(item, Answer(reason=item.reason, message=LISTED.get(item.reason, "found when it was listed")))
        items, films = [item for item in grant.items if "film" not in item.locator], dict[str, list[Row]]()
        found = dict[int, tuple[bytes | None, Answer]]()
        try:
            await self._unit(grant, items, found, films, read)
        except Exception as error:
            if isinstance(one := one_of(error), ScenescribeError):
                raise
            logged(one, items=len(grant.items), first=first)
            self._again.add(first)
            self._before |= {items[place].key for place in found} | films.keys()
            await grant.give_back()
        finally:
            read()

    async def _unit(
        self, grant: Granted, items: Sequence[Item], found: dict[int, tuple[bytes | None, Answer]], films: dict[str, list[Row]],
        read: Callable[[], None],
    ) -> None:  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            start, contents = 0, self._reader.read(items)
            try:
                while start < len(items):
                    await self._room.acquire()
                    async with self.engine.reading():
                        batch, error = await self._in_thread(self._reading, taken, contents)
                    if error is not None:  # the next file's: those behind it are read anew
                        batch.append((None, of_item(items[start + len(batch)], error)))
                        contents = self._reader.read(items[start + len(batch) :])
                    tasks.create_task(self._batch(batch, start, items, found, tasks))
                    start += len(batch)
            finally:
                self._reading.submit(contents.close)  # there, since it may be running
            waited: list[asyncio.Event] = []
            for item in grant.items:
                if "film" in item.locator:
                    here, over = asyncio.Event(), asyncio.Event()
                    tasks.create_task(self._film(item, films, here.set, over.set))
                    waited.append(over)
                    await here.wait()  # the next is fetched while this one is read
            for over in waited:
                await over.wait()
            read()
        rows = {item.key: [self._row(item, *found[place])] for place, item in enumerate(items)} | films
        await grant.commit([row for item in grant.items for row in rows[item.key]])

    async def _film(self, item: Item, films: dict[str, list[Row]], here: Callable[[], None], read: Callable[[], None]) -> None:
        assert self._films is not None
        try:
            rows, why = await self._films.rows(item, here, read)
        except ScenescribeError:
            raise
        except Exception as error:
            wrong = of_item(item, error)
            rows, why = [Row.failed(item, wrong.code, model=self.model)], wrong.message
        films[item.key] = rows
        reason = next((row.reason for row in reversed(rows) if row.reason), "")  # of all of it, or of a part
        outcome = Outcome.FAILED if reason else Outcome.OK
        tokens = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
        text = next((row.caption for row in rows if row.caption), "")
        self._tell(
            item,
            Answer(text=text, outcome=outcome, reason=reason, message=why, prompt_tokens=tokens[0], completion_tokens=tokens[1]),
        )

    def _tell(self, item: Item, answer: Answer) -> None:
        if item.key in self._before and not item.reason:
            return
        try:
            self.told(item, answer)
        except Exception as error:  # it has ended, whoever can't be told
            logged(error, path=item.key)

    async def _batch(
        self, batch: "Sequence[tuple[bytes | None, Content]]", start: int, items: Sequence[Item],
        found: dict[int, tuple[bytes | None, Answer]], tasks: asyncio.TaskGroup,
    ) -> None:  # fmt: skip
        """Decode some files and send their pictures on their way."""

        def over(place: int, digest: bytes | None, answer: Answer) -> None:
            found[place] = digest, answer
            self._tell(items[place], answer)

        async def same(place: int, digest: bytes, asked: asyncio.Future[Answer]) -> None:
            first = await asyncio.shield(asked)
            over(place, digest, replace(first, prompt_tokens=0, completion_tokens=0))

        async def new(place: int, digest: bytes, picture: Picture, room: Place) -> None:
            with room:
                try:
                    answer = await self._ask(picture, room)
                except ScenescribeError:
                    raise
                except Exception as error:
                    answer = failed(of_item(items[place], error))
            self._answers[digest].set_result(answer)
            over(place, digest, answer)

        fresh, asked = list[tuple[int, bytes, bytes]](), set[bytes]()
        try:
            for place, (digest, content) in enumerate(batch, start):
                if isinstance(content, InputError):
                    over(place, digest, failed(content))
                elif digest is not None and (known := self._known(digest)) is not None:
                    tasks.create_task(same(place, digest, known))
                elif digest is not None:
                    fresh.append((place, digest, content))
            async with self.engine.reading():
                pictures = await decoded(self.decoder, self._threads, [(items[place], data) for place, _, data in fresh])
            for (place, digest, _), picture in zip(fresh, pictures, strict=True):
                if isinstance(picture, InputError):
                    answer = failed(picture)
                    self._answers[digest].set_result(answer)
                    over(place, digest, answer)
                    continue
                room = await self.engine.admit(picture.image.nbytes)
                task = tasks.create_task(new(place, digest, picture, room))
                task.add_done_callback(partial(self._asked, digest, room))  # also where it never began
                asked.add(digest)
        finally:
            self._room.release()
            for _, digest, _ in fresh:
                if digest not in asked:
                    self._asked(digest)

    def _known(self, digest: bytes) -> "asyncio.Future[Answer] | None":
        """The answer to these bytes, there or on its way; None: the caller asks, and it is on its way from now on."""
        asked = self._answers.get(digest)
        if asked is not None and not asked.cancelled():
            return asked
        self._answers[digest] = asyncio.get_running_loop().create_future()
        while len(self._answers) > REMEMBERED and next(iter(self._answers.values())).done():
            self._answers.popitem(last=False)
        return None

    def _asked(self, digest: bytes, room: Place | None = None, _: object = None) -> None:
        """Nobody asks about these bytes any more; where no answer came they are asked about anew."""
        if room is not None:
            room.leave()
        if (answer := self._answers.get(digest)) is not None and not answer.done():
            answer.cancel()

    async def _ask(self, picture: Picture, room: Place) -> Answer:
        """Asked, guarded, asked once more where the answer is empty."""
        text, outcome, reason, message, replies = "", Outcome.EMPTY, "", "", list[Reply]()
        try:
            for attempt in range(2):
                reply = await self.engine.ask(self.recipe.request(picture.image, attempt=attempt), place=room)
                replies.append(reply)
                text, outcome = guard(reply.text, cut_off=reply.finish == "length")
                if outcome is not Outcome.EMPTY:
                    break
        except RequestError as error:
            text, outcome, reason, message = "", Outcome.FAILED, error.code, error.message
        return Answer(
            width=picture.width, height=picture.height, text=text, outcome=outcome, reason=reason, message=message,
            prompt_tokens=sum(reply.prompt_tokens for reply in replies), completion_tokens=sum(reply.completion_tokens for reply in replies),
        )  # fmt: skip

    def _row(self, item: Item, digest: bytes | None, answer: Answer) -> Row:
        return Row(
            key=item.key, source=item.source, content=digest, width=answer.width, height=answer.height, caption=answer.text,
            outcome=answer.outcome, reason=answer.reason, prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens, model=self.model, kept=item.kept,
        )  # fmt: skip

    @staticmethod
    async def _in_thread(threads: ThreadPoolExecutor, do: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(threads, do, *args)
