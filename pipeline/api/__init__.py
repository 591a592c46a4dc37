"""The command line's own functions, for Python: ``from pipeline import caption``.

    caption, caption_all          films in, described and written        (caption_async, caption_all_async: to be awaited)
    probe                         what a film is
    read_document, read_track     finished captions, or anybody's subtitles
    make_track, write_track, export                                      captions -> cues -> a file
    burn, mux                     a film with hard or soft subtitles
    load_settings                 options from the environment and the files, as the command line finds them

Options are those of ``scenescribe caption``, in snake_case (docs/configuration.md). Errors are those of ``pipeline.errors``.
"""

from pipeline.api.films import Run, caption, caption_all, caption_all_async, caption_async, load_settings, probe
from pipeline.api.tracks import burn, export, make_track, mux, read_document, read_track, write_track

__all__ = [
    "Run",
    "burn",
    "caption",
    "caption_all",
    "caption_all_async",
    "caption_async",
    "export",
    "load_settings",
    "make_track",
    "mux",
    "probe",
    "read_document",
    "read_track",
    "write_track",
]
