"""The command line's own functions, for Python: ``from pipeline import caption``.

    films.py      a film in, described and written; what a film is; options as the command line finds them
    tracks.py     finished captions as tracks, as files, and in films

Their names are offered by ``pipeline`` itself (pipeline/__init__.py), each imported when it is first used.

Options are those of ``scenescribe caption``, in snake_case (docs/configuration.md). Errors are those of ``pipeline.errors``.
"""
