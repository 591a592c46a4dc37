"""What child processes are told of our environment: a list of what they may have, so that no secret is handed on by accident.

Decoders open hostile files, ffmpeg too, and ``--exec`` runs somebody's command: none of them needs a key of an API, a token of a
hub or the secret of a webhook, which all stand in the environment. What is not listed here does not reach them.
"""

import os
from collections.abc import Mapping

NAMES = frozenset({
    "HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TEMP", "TERM", "TMP", "TMPDIR", "TZ", "USER",
    "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV",
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
})  # fmt: skip
"""where programs, libraries, fonts and cards are, and the user's language"""
PREFIXES = ("LC_", "FONTCONFIG_", "XDG_", "LIBVA_", "OPENBLAS_", "OMP_")


def child_environment(given: Mapping[str, str] | None = None, **more: str) -> dict[str, str]:
    """The variables of this process (or of ``given``) that a child may have, and ``more``, which win."""
    given = os.environ if given is None else given
    allowed = {name: value for name, value in given.items() if name in NAMES or name.startswith(PREFIXES)}
    return allowed | more
