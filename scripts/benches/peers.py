"""The product beside what a user would write instead: the same films, model, windows, tokens and machine, in one run.

    scripts/bench peers --model FOLDER --random-weights --json peers.json      one GPU, about seven minutes with a 7B
    scripts/bench peers --films 4 --loop-films 1 --batch-films 2               two cores, the embedded model

``loop``          cv2 reads every frame, one window at a time through ``LLM.generate``
``film by film``  cv2 reads a film, all its windows in one ``LLM.generate``, the next film
``read ahead``    threads read ahead, sixteen films' windows in each ``LLM.generate``
``product``       Scenescribe with its own defaults: keyframes, sidecars written
``exact``         Scenescribe, shown just the frames that the scripts show (uniform:count=8)

The scripts are in peers_parts/ways.py, 10 lines each. Slow ways get fewer films; each is told in windows a second. The scripts and the
product are processes of their own, one after the other, so that each has the whole GPU. The first windows, which warm the engine, are not counted.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model

needed("av", "cv2", "vllm")

from models.model_folder import chat_template
from models.prompts import render
from pipeline.engine.opening import choose_preset
from pipeline.options.caption import Settings
from scripts.benches.gpu import _films, _processor

TOKENS = 64
PROMPT = "Describe what happens in this video in about 24 words."
WAYS = {
    "loop": "one window at a time through `LLM.generate`",
    "film by film": "a film's windows in one `LLM.generate`",
    "read ahead": "threads that read ahead, 16 films in each `LLM.generate`",
    "exact": "Scenescribe, the same frames",
    "product": "Scenescribe, keyframes",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shapes", help="a preset or a model's folder")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--films", type=int, default=64, help="for the product and for reading ahead")
    parser.add_argument("--loop-films", type=int, default=2)
    parser.add_argument("--batch-films", type=int, default=8)
    parser.add_argument("--size", type=int, nargs=2, default=[1920, 1080], metavar=("W", "H"))
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--folder", type=Path, help="keep the films here, and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each way")
    parser.add_argument("--only", choices=["scripts", "product"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    if asked.only == "scripts":
        _scripts(asked)
    elif asked.only == "product":
        asyncio.run(_product(asked))
    else:
        with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
            _all(asked, Path(place))


def _all(asked: argparse.Namespace, place: Path) -> None:
    asked.folder = asked.folder or place / "films"
    asked.json = asked.json or place / "peers.json"
    _films(asked.folder, tuple(asked.size), asked.films)
    cores = len(os.sched_getaffinity(0))
    found: dict[str, Any] = {"machine": f"{_processor()}, {cores} cores", "size": asked.size, "films": asked.films, "ways": {}}
    asked.json.write_text(json.dumps(found))
    words = [word for name in ("model", "films", "loop_films", "batch_films", "max_num_seqs", "folder", "json")
             for word in (f"--{name.replace('_', '-')}", str(getattr(asked, name)))]  # fmt: skip
    words += ["--size", *map(str, asked.size), *(["--random-weights"] if asked.random_weights else [])]
    words += ["--max-model-len", str(asked.max_model_len)] if asked.max_model_len else []
    for part in ("scripts", "product"):
        subprocess.run([sys.executable, __file__, *words, "--only", part], check=True)
    found = json.loads(asked.json.read_text())
    best = found["ways"]["product"]["windows_per_second"]
    print("| | windows/s | Scenescribe is |\n|---|---|---|")
    for way, text in WAYS.items():
        rate = found["ways"][way]["windows_per_second"]
        print(f"| {text} | {rate} | {f'{best / rate:.1f} times' if way != 'product' else ''} |")


def _settings(asked: argparse.Namespace) -> Settings:
    return Settings(
        model=asked.model,
        windows="fixed:seconds=8",
        prompt=PROMPT,
        max_tokens=TOKENS,
        max_num_seqs=asked.max_num_seqs,
        max_model_len=asked.max_model_len or (4096 if asked.random_weights else None),
        engine_arg=("load_format=dummy",) if asked.random_weights else (),
    )


def _scripts(asked: argparse.Namespace) -> None:
    """The three ways on one ``LLM``, as a user would set it up who has read vLLM's documentation."""
    from models.engines.vllm.args import environment
    from models.engines.vllm.loading import gpu_count
    from scripts.benches.peers_parts.ways import Asking, film_by_film, loop, read_ahead, windows

    on_gpu = gpu_count() > 0
    os.environ.update(environment(on_gpu=on_gpu))
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    from vllm import LLM, SamplingParams

    settings = _settings(asked)
    preset = choose_preset(settings)
    options = {"limit_mm_per_prompt": {"video": 1, "image": 0}, "mm_processor_cache_gb": 0, "max_num_seqs": asked.max_num_seqs}
    if settings.max_model_len:
        options["max_model_len"] = settings.max_model_len
    if asked.random_weights:
        options["load_format"] = "dummy"
    if not on_gpu:
        options |= {"max_num_seqs": 32, "enforce_eager": True, **preset.cpu}
    llm = LLM(preset.id, **options)
    prompt = render(llm.get_tokenizer(), chat_template(Path(preset.id)), PROMPT, videos=1, images=0)
    sampling = SamplingParams(temperature=0, max_tokens=TOKENS, ignore_eos=asked.random_weights)
    ask = Asking(llm, sampling, prompt)
    films = [film.path for film in _films(asked.folder, tuple(asked.size), asked.films)]
    side = preset.size.side
    ask([window for film in films[:2] for window in windows(film, side)])
    threads = max(1, len(os.sched_getaffinity(0)) - 1)
    all_ways: dict[str, Callable[[], list[str]]] = {
        "loop": lambda: loop(ask, films[: asked.loop_films], side),
        "film by film": lambda: film_by_film(ask, films[: asked.batch_films], side),
        "read ahead": lambda: read_ahead(ask, films, side, threads),
    }
    for name, way in all_ways.items():
        began = time.monotonic()
        _told(asked, name, len(way()), time.monotonic() - began)


async def _product(asked: argparse.Namespace) -> None:
    """Scenescribe, with its engine loaded: from files to sidecars."""
    from pipeline.bench.measure import run_once, says_something
    from pipeline.studio import Studio

    settings = _settings(asked)
    films = _films(asked.folder, tuple(asked.size), asked.films)
    captioner = says_something(settings)
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        async with Studio(settings, captioner=captioner) as studio:
            await run_once(studio, films[:2], Path(place) / "warm")
            for name, sampler in (("product", "keyframes:count=8"), ("exact", "uniform:count=8")):
                shown = Studio(settings.changed(sampler=sampler), captioner=captioner, host=studio.host)
                ran = await run_once(shown, films, Path(place) / name)
                _told(asked, name, ran["windows"], ran["seconds"])


def _told(asked: argparse.Namespace, way: str, count: int, seconds: float) -> None:
    found = json.loads(asked.json.read_text())
    found["ways"][way] = {"windows": count, "seconds": round(seconds, 2), "windows_per_second": round(count / seconds, 2)}
    asked.json.write_text(json.dumps(found, indent=2) + "\n")
    print(way, found["ways"][way]["windows_per_second"], "windows/s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
