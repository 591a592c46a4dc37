"""Scenescribe's time: from a film to timed descriptions (``models`` turns pictures into words)."""

__version__ = "0.1.0"
