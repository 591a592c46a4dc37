"""espeak-ng: a hundred languages, no model, quick; clear rather than pleasant. Its library comes with the package espeakng-loader.

The calls are those of its speak_lib.h. Text is plain: its markup (SSML) is not switched on.
"""

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.installed import adding
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.voices.base import Spoken

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_RATE, _PITCH = 1, 3
_UTF8, _CHARACTERS = 1, 1
SLOWEST, FASTEST = 80, 450
"""words a minute that espeak-ng speaks"""
_NAMES = {"zh": "cmn", "zh-hans": "cmn", "zh-hant": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "no": "nb", "und": "en", "pt-pt": "pt"}
"""tags that it has other names for"""


@dataclass(slots=True)
class Voice:
    """One of espeak-ng's voices."""

    name: str = ""
    """its own name of a voice or language (``en-us``, ``de+f3``); that of the captions' language where it is empty"""
    words: int = 165
    """words a minute; describers of films speak 150 to 180"""
    pitch: int = 50
    _library: Any = field(default=None, init=False, repr=False)
    _rate: int = field(default=22050, init=False, repr=False)
    _pieces: list[bytes] = field(default_factory=list, init=False, repr=False)
    _callback: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not SLOWEST <= self.words <= FASTEST:
            raise ValueError(f"words a minute are {SLOWEST} to {FASTEST}, not {self.words}")
        if not 0 <= self.pitch <= 99:
            raise ValueError(f"pitch is 0 to 99, not {self.pitch}")

    def start(self, language: str) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise EnvironmentFault("no_voice", f"speaking needs espeakng-loader: {adding('speech')}") from None
        self._library = library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(Path(espeakng_loader.get_data_path()).parent).encode()
        self._rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self._rate <= 0:
            raise EnvironmentFault(
                "no_voice", "espeak-ng does not start: reinstall it (pip install --force-reinstall espeakng-loader)"
            )
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._heard)  # kept: the library calls it as long as it lives
        library.espeak_SetSynthCallback(self._callback)
        tag = language.lower().replace("_", "-")
        named = [self.name] if self.name else [_NAMES.get(tag, tag), _NAMES.get(tag.split("-")[0], tag.split("-")[0])]
        if not any(library.espeak_SetVoiceByName(name.encode()) == 0 for name in named):
            of = f"no voice '{self.name}'" if self.name else f"no voice for the language '{language}'"
            raise UsageError("bad_voice", f"espeak-ng has {of}; name one of its voices, such as --voice espeak:name=en-us")
        library.espeak_SetParameter(_PITCH, self.pitch, 0)

    def say(self, text: str, *, faster: float) -> Spoken:
        self._pieces.clear()
        self._library.espeak_SetParameter(_RATE, min(round(self.words * faster), FASTEST), 0)
        data = text.encode() + b"\0"
        self._library.espeak_Synth(data, len(data), 0, _CHARACTERS, 0, _UTF8, None, None)
        return Spoken(b"".join(self._pieces), self._rate)

    def _heard(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0
