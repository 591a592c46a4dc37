"""Cover pictures into Matroska, which keeps them as attachments: ffmpeg shows them as film streams and can't write them so.

cover stream of the film -> cover0.jpg in the place -> ``-attach`` with its type and a name that players know
"""

from pipeline.media.binary import Ffmpeg
from pipeline.media.containers import ATTACHED, Plan
from pipeline.media.run import Place, run_command
from pipeline.media.streams import guards


def attached(ffmpeg: Ffmpeg, place: Place, streams: Plan) -> list[str]:
    """Options of an output that attach the covers of a plan; each is first copied out of the film."""
    options: list[str] = []
    first = sum(stream.kind == "attachment" for stream in streams.kept)
    for number, cover in enumerate(streams.covers):
        suffix, kind = ATTACHED[cover.codec]
        name = f"cover{number}.{suffix}"
        copying = ["-map", f"0:{cover.index}", "-c", "copy", "-frames:v", "1", "-f", "image2", "-update", "1", name]
        run_command([str(ffmpeg.path), "-v", "error", "-nostdin", "-y", *guards(), "-i", f"file:{place.film}", *copying], place)
        if not (place.folder / name).exists():
            continue
        at = f"-metadata:s:t:{first + len(options) // 6}"
        shown = f"cover.{suffix}" if not options else name
        options += ["-attach", name, at, f"mimetype={kind}", at, f"filename={shown}"]
    return options
