"""For all tests: hypothesis judges by what comes out, never by the clock of a busy machine."""

import os

from hypothesis import settings

settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""the commands that the tests start, some hundreds, read what the first of them compiled: half a second less each"""
