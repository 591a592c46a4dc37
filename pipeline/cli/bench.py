"""``scenescribe bench``: this pipeline against the bare engine."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console
from pipeline.cli.help import MOST
from pipeline.cli.options import with_options
from pipeline.cli.signs_of_life import Waiting, earlier
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from pipeline.studio import Studio


UNUSED = (
    "sidecar_name", "output_dir", "burn", "mux", "sink", "overwrite", "resume", "strict", "shard", "cluster", "insecure_cluster",
    "summarize", "chapters", "into_video", "length", "style", "summary_model",
    "font", "font_size", "box", "outline", "margin", "fonts_dir", "crf", "preset", "encoder",
)  # fmt: skip
"""options of caption that are about what is written for good: a measurement writes sidecars into a folder that goes, and nothing else"""


@with_options(Settings, most=("model",), without=UNUSED)
def bench(
    films: Annotated[
        list[str] | None, typer.Argument(help="Films to measure with; made for the purpose where none is named.")
    ] = None,
    count: Annotated[int, typer.Option("--films", help="Films to make.", min=1, rich_help_panel=MOST)] = 8,
    seconds: Annotated[float, typer.Option("--seconds", help="Length of each, seconds.", min=1, rich_help_panel=MOST)] = 16,
    size: Annotated[str, typer.Option("--size", help="Their size, WIDTHxHEIGHT.", rich_help_panel=MOST)] = "854x480",
    gop: Annotated[int, typer.Option("--gop", help="Frames from keyframe to keyframe.", min=1)] = 30,
    rounds: Annotated[
        int, typer.Option("--rounds", help="Bare and product in turn, this often.", min=1, rich_help_panel=MOST)
    ] = 3,
    random_weights: Annotated[
        bool, typer.Option("--random-weights", help="A model folder without weights: speed is real, words are not.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Measure windows a second from files to subtitles, against those of the engine fed from memory, in one run.

    The ratio says how much of the engine the pipeline keeps busy: 1 is all of it.

    Examples:
        scenescribe bench --films 2 --seconds 8 --size 640x360 --rounds 1
        scenescribe bench --model llava-onevision-7b --json
    """
    from pipeline.bench.measure import Workload, measure
    from pipeline.errors import UsageError

    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) > 1 and int(height) > 1):
        raise UsageError("bad_value", f"--size {size}: write it as WIDTHxHEIGHT, such as 1920x1080")
    workload = Workload(
        films=tuple(films or ()),
        count=count,
        seconds=seconds,
        width=int(width) // 2 * 2,
        height=int(height) // 2 * 2,
        gop=gop,
        rounds=rounds,
    )
    settings = load(Settings, flags, config, known=names).settings

    def waiting(studio: "Studio") -> Waiting:
        return Waiting(studio.engine, studio.model.engine, earlier(studio.recipe, settings.engine))

    result = asyncio.run(measure(settings, workload, random_weights=random_weights, say=console.say, while_loading=waiting))
    if as_json:
        console.data(result)
        return
    product, bare = result["product"], result["bare"]
    print(f"bare engine   {bare['windows_per_second']:8.2f} windows/s  {bare['frames_per_second']:8.1f} frames/s")
    print(f"product       {product['windows_per_second']:8.2f} windows/s  {product['frames_per_second']:8.1f} frames/s")
    print(f"ratio         {result['ratio']:8.3f}")
    print(
        f"{result['windows']} windows of {result['films']} films, {result['model']}, {result['engine']}; {product['times_real_time']}x real time"
    )
