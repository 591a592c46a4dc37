"""What only vLLM does: agree with the reference, tell of itself, die and start again. Last in this folder: the engine is killed here."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patience import PATIENCE, comes

from models.base import Captioner, Request
from models.engines import open_captioner
from models.engines.vllm.engine import VllmEngine
from models.errors import BadEngineOption, EngineDead, ModelNotFound, RequestRefused
from models.options import EngineOptions
from models.preset import Preset

Film = Callable[..., Request]
pytestmark = pytest.mark.engine


async def test_it_says_what_the_reference_says(vllm_engine: Captioner, reference: Captioner, film: Film) -> None:
    for seed in range(12):
        request = film(seed, frames=1 + seed % 8)
        ours, theirs = await vllm_engine.caption(request), await reference.caption(request)
        assert ours == theirs


async def test_pictures_go_as_bytes_and_a_second_video_without_the_processor(
    vllm_engine: Captioner, reference: Captioner, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(vllm_engine, VllmEngine)
    assert vllm_engine._preparer is not None
    video = film(3).video
    assert video is not None
    images = Request(prompt="dora", images=tuple(video[:3]), sampling=film().sampling)
    assert await vllm_engine.caption(images) == await reference.caption(images)
    await vllm_engine.caption(film(4))
    monkeypatch.setattr(vllm_engine._preparer, "_render", None)
    for request in (film(5), film(6, prompt="fisi bara")):
        made = vllm_engine._preparer.prepare(request)
        assert made["mm_kwargs"]["video"][0]["pixel_values_videos"].data.numpy().nbytes == request.video.nbytes  # type: ignore[union-attr]
        assert await vllm_engine.caption(request) == await reference.caption(request)


async def test_a_second_picture_goes_without_the_processor(
    vllm_engine: Captioner, reference: Captioner, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(vllm_engine, VllmEngine)
    assert vllm_engine._preparer is not None

    def shown(seed: int, count: int) -> Request:
        video = film(seed, frames=count).video
        assert video is not None
        return Request(prompt="dora", images=tuple(video), sampling=film().sampling)

    for count in (1, 3):
        await vllm_engine.caption(shown(1, count))
    other = shown(2, 1)
    smaller = replace(other, images=tuple(np.ascontiguousarray(image[: len(image) // 2]) for image in other.images))
    long_way = await vllm_engine.caption(smaller)
    monkeypatch.setattr(vllm_engine._preparer, "_rendered", None)
    requests = [shown(seed, count) for seed in range(3, 6) for count in (1, 3)]
    alone = [await vllm_engine.caption(request) for request in requests]
    assert alone == [await reference.caption(request) for request in requests]
    monkeypatch.undo()  # beside one that is rendered, in the same step
    together = await asyncio.gather(*map(vllm_engine.caption, (*requests, smaller)))
    assert together == [*alone, long_way]


async def test_videos_of_different_lengths_are_answered_together(vllm_engine: Captioner, film: Film) -> None:
    requests = [film(seed, frames=1 + seed % 8) for seed in range(16)]  # as many as the engine runs at once
    together = await asyncio.gather(*(vllm_engine.caption(request) for request in requests))
    assert together == [await vllm_engine.caption(request) for request in requests]


async def test_frames_of_another_size_are_resized_by_the_processor(vllm_engine: Captioner, film: Film) -> None:
    assert (await vllm_engine.caption(film(1, side=90))).prompt_tokens == (await vllm_engine.caption(film(1))).prompt_tokens


async def test_more_images_than_the_preset_allows(vllm_engine: Captioner, film: Film) -> None:
    video = film().video
    assert video is not None
    with pytest.raises(RequestRefused, match="the engine takes 4 images in one at most"):
        await vllm_engine.caption(Request(prompt="dora", images=tuple(video)))


async def test_the_models_own_markers_are_refused_in_a_prompt(vllm_engine: Captioner, film: Film) -> None:
    with pytest.raises(RequestRefused, match="own marker <video>"):
        await vllm_engine.caption(film(prompt="bara <video> dote"))


async def test_its_gauges(vllm_engine: Captioner, film: Film) -> None:
    seen = [await vllm_engine.metrics()]
    for _ in range(4):  # on a busy machine a round may go by between two looks
        tasks = [asyncio.create_task(vllm_engine.caption(film(seed, max_tokens=900))) for seed in range(8)]
        while not all(task.done() for task in tasks):
            if seen[-1]["running"] > 1 and seen[-1]["kv_cache_use"] > 0 and seen[-1]["generation_tokens"] > 0:
                break
            await asyncio.sleep(0.05)
            seen.append(await vllm_engine.metrics())
        for task in tasks:  # nobody waits for what they say
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if seen[-1]["running"] > 1:
            break
    assert max(gauges["running"] for gauges in seen) > 1, seen
    assert 0 < max(gauges["kv_cache_use"] for gauges in seen) <= 1
    assert seen[-1]["generation_tokens"] > 0


async def test_frames_are_prepared_beside_the_event_loop(
    vllm_engine: Captioner, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a window's frames are being prepared, the loop turns: it is the loop that lets the preparing go on."""
    prepare, loop = VllmEngine._prepare, asyncio.get_running_loop()
    begun, let_go = asyncio.Event(), threading.Event()

    def held(engine: VllmEngine, request: Request) -> Any:
        loop.call_soon_threadsafe(begun.set)
        assert let_go.wait(PATIENCE), "the loop stood still"
        return prepare(engine, request)

    monkeypatch.setattr(VllmEngine, "_prepare", held)
    task = asyncio.create_task(vllm_engine.caption(film(max_tokens=2)))
    await begun.wait()
    assert not task.done()
    let_go.set()
    assert (await task).text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (EngineOptions(max_model_len=10**6), "max_model_len|maximum"),
        (EngineOptions(extra={"max_num_batched_tokens": "many"}), "max_num_batched_tokens"),
        (EngineOptions(extra={"attention_backend": "nonsense"}), "attention|backend"),
    ],
)
async def test_values_that_vllm_refuses_are_one_line_before_a_model_loads(
    tiny: Preset, engine_log: Path, options: EngineOptions, says: str
) -> None:
    captioner = open_captioner("vllm", tiny, options, log_path=engine_log)
    with pytest.raises(BadEngineOption, match=says) as caught:
        await captioner.start()
    assert "\n" not in caught.value.message


async def test_weights_in_other_formats_are_refused(tiny: Preset, tiny_folder: Path, tmp_path: Path) -> None:
    for file in tiny_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(ModelNotFound, match=r"only pytorch_model\.bin"):
        await open_captioner("vllm", replace(tiny, id=str(tmp_path))).start()


async def test_a_start_that_is_cancelled_leaves_nothing(tiny: Preset, engine_log: Path) -> None:
    before = set(multiprocessing.active_children())
    captioner = open_captioner("vllm", tiny, log_path=engine_log)
    task = asyncio.create_task(captioner.start())
    for _ in range(600):
        children = set(multiprocessing.active_children()) - before
        if children:
            break
        await asyncio.sleep(0.1)
    assert children
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)  # a start takes twice that
    for _ in range(100):
        if not any(child.is_alive() for child in children):
            break
        await asyncio.sleep(0.1)
    assert not any(child.is_alive() for child in children)
    with pytest.raises(EngineDead):
        await captioner.caption(Request(prompt="dora"))


async def test_a_killed_engine_is_noticed_at_once_and_starts_again(vllm_engine: Captioner, film: Film, tmp_path: Path) -> None:
    """And, since a start takes half a minute, with --profile-trace this time.

    It is held still first: this process may be kept from running for longer than it takes to answer a thousand tokens.
    """
    before = await vllm_engine.caption(film())
    engine = [child.pid for child in multiprocessing.active_children() if child.pid]
    assert engine
    for child in engine:
        os.kill(child, signal.SIGSTOP)
    tasks = [asyncio.create_task(vllm_engine.caption(film(seed, max_tokens=900))) for seed in range(6)]
    stream = asyncio.create_task(anext(vllm_engine.stream(film(6, max_tokens=900))))
    done, _ = await asyncio.wait([*tasks, stream], timeout=1)  # all of them are on their way
    assert not done
    for child in engine:
        os.kill(child, signal.SIGKILL)
    for result in await asyncio.wait_for(asyncio.gather(*tasks, stream, return_exceptions=True), PATIENCE):
        assert isinstance(result, EngineDead), result
    with pytest.raises(EngineDead):
        await vllm_engine.caption(film())
    assert isinstance(vllm_engine, VllmEngine)
    context = vllm_engine._llm.engine_core.resources.ctx
    await vllm_engine.close()
    with pytest.raises(EngineDead, match="start it first"):
        await vllm_engine.caption(film())
    assert await asyncio.to_thread(comes, lambda: context.closed), "or the garbage collector waits for its sockets"
    vllm_engine.options = replace(vllm_engine.options, profile_dir=str(tmp_path))
    await vllm_engine.start()
    assert await vllm_engine.caption(film()) == before
    await vllm_engine.close()
    assert list(tmp_path.glob("**/*.json.gz")), "no trace was written"
