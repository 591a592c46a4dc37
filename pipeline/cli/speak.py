"""``scenescribe speak``: descriptions spoken in the pauses of speech."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console, writing
from pipeline.cli.help import MOST
from pipeline.cli.notices import as_data
from pipeline.cli.summary import counted
from pipeline.cli.writing import Place
from pipeline.errors import InputError, UsageError
from pipeline.filenames import fitted

if TYPE_CHECKING:
    from pipeline.speech.script import Script


def speak(
    video: Annotated[Path, typer.Argument(help="The film.", show_default=False)],
    captions: Annotated[
        Path | None,
        typer.Argument(
            help="Its .descriptions.json, or .vtt, .srt, .ass; the JSON beside the film otherwise.", show_default=False
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="FILE.spoken.mp4 or .mkv otherwise; .flac, .wav, .mp3: sound alone.", rich_help_panel=MOST
        ),
    ] = None,
    voice: Annotated[
        str,
        typer.Option(help="espeak, espeak:name=en-us,words=180, or MODEL.onnx, a voice of Piper's.", rich_help_panel=MOST),
    ] = "espeak",
    place: Annotated[
        Place,
        typer.Option(
            help="gaps: in pauses of speech alone; auto: over speech where there is no pause; window: at its window, whatever is said.",
            rich_help_panel=MOST,
        ),
    ] = "gaps",
    extended: Annotated[
        bool, typer.Option("--extended", help="All is said: the film waits where no pause is long enough.", rich_help_panel=MOST)
    ] = False,
    audio_only: Annotated[
        bool,
        typer.Option("--audio-only", help="FILE.spoken.flac: the described sound without the picture.", rich_help_panel=MOST),
    ] = False,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Of the captions, where their file does not tell or tells wrong.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the subtitles, such as cp1251; guessed where they are no UTF-8.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is in the way.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as failures; what only shortens a text is none.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures and warnings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Speak a film's descriptions in the pauses of its speech: an audio description track beside its own sound.

    The picture is copied, the film's sound steps back while the voice speaks. Needs the extra ``speech``.

    Examples:
        scenescribe speak movie.mp4
        scenescribe speak movie.mp4 movie.en.vtt --extended
        scenescribe speak movie.mp4 --voice voices/en_US-amy-medium.onnx --audio-only -o movie.mp3
    """
    from pipeline.speech.speaking import SOUNDS, speak_captions, voice_spec
    from pipeline.subtitles import load

    voice_spec(voice)
    with writing.failures(video, quiet=quiet) as about:
        out = _target(video, output, SOUNDS, audio_only=audio_only, overwrite=overwrite)
        path = captions or _captions_beside(video)
        about.path = path
        loaded = load(path, language=language, encoding=encoding)
        about.path = video
        told = writing.progress(
            "speak", lambda: loaded.document.source.duration if loaded.document.source.name else 0.0, quiet=quiet
        )
        with writing.stoppable() as cancel:
            made = speak_captions(
                video, loaded.document, out, voice=voice, place=place, extended=extended, on_progress=told, cancel=cancel
            )
    # what a JSON is told of is the layout of cues, which nobody sees here, and windows without a description
    own = loaded.document.unanswered if path.suffix.lower() == ".json" else loaded.notices
    failures = writing.notices_of(video, (*own, *made.notices), strict=strict, quiet=quiet)
    if as_json:
        console.data(
            {
                "output": str(out),
                "spoken": [{"start": round(made.script.later(said.at), 3), "text": said.text} for said in made.script.said],
                "left_out": sum(notice.code == "no_pause" for notice in made.notices),
                "waits": [{"at": hold.at, "seconds": hold.seconds} for hold in made.script.holds],
                "speech": [[round(start, 3), round(end, 3)] for start, end in made.speech],
                "warnings": as_data((*own, *made.notices)),
            }
        )
    elif not quiet:
        console.say(f"{console.name_of(out)}: {_said(made.script)}")
    sys.exit(1 if failures else 0)


def _said(script: "Script") -> str:
    waits = sum(hold.seconds for hold in script.holds)
    return f"{counted(len(script.said), 'description')} spoken" + (f", the film waits for {waits:.0f} s of them" if waits else "")


def _target(video: Path, output: str | None, sounds: tuple[str, ...], *, audio_only: bool, overwrite: bool) -> Path:
    """The name of what is written. Raises UsageError ``bad_container``, ``same_file``, OutputError ``output_exists``."""
    from pipeline.media import muxed_suffix

    suffix = ".flac" if audio_only else muxed_suffix(video).replace(".webm", ".mkv")
    if not audio_only and (output is None or Path(output).suffix.lower() not in sounds):
        if output is not None and Path(output).suffix.lower() == ".webm":
            raise UsageError("bad_container", "the described sound is AAC, which WebM does not hold; name a .mkv or .mp4")
        return writing.video_target(video, output, suffix, overwrite=overwrite, mark="spoken")
    target = writing.target_of(video, output, f"{fitted(video.stem)}.spoken{suffix if audio_only else '.flac'}", only=True)
    writing.check_target(target, video, sounds, "sound", overwrite=overwrite)
    return target


def _captions_beside(video: Path) -> Path:
    """The JSON beside the film. Raises InputError ``no_captions``."""
    for stem in (video.stem, video.name):
        path = video.parent / f"{fitted(stem)}.descriptions.json"
        if path.is_file():
            return path
    raise InputError(
        "no_captions",
        f"there is no {video.stem}.descriptions.json beside it: describe it first (scenescribe caption), or name one",
    )
