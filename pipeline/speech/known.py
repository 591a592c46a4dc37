"""Whether it is known when somebody speaks in a described film, for layouts that keep to the pauses (``Layout.place``)."""

import threading
from dataclasses import replace
from pathlib import Path

from pipeline.cues import Layout
from pipeline.types import Document


def heard(document: Document, film: Path | None, layout: Layout | None, *, cancel: threading.Event | None = None) -> Document:
    """The document with ``speech``, where the layout wants it and the film is there to listen to; else as it is. Blocks.

    Raises as ``listening.speech_in`` does.
    """
    if layout is None or layout.place == "window" or document.speech is not None or film is None:
        return document
    from pipeline.speech.listening import speech_in

    return replace(document, speech=speech_in(film, cancel=cancel))


def check_listening(layout: Layout) -> None:
    """See that pauses can be found where the layout keeps to them, before an hour of work.

    Raises EnvironmentFault ``no_speech_detector``.
    """
    from pipeline.speech.listening import can_listen, no_detector

    if layout.place != "window" and not can_listen():
        raise no_detector()


def possible(layout: Layout, document: Document) -> Layout:
    """The layout, its texts in their windows where nobody listened: for those who can't wait for it."""
    return replace(layout, place="window") if document.speech is None and layout.place != "window" else layout
