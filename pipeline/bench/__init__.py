"""Measuring: the product against the bare engine (``measure``), on films made for it (``films``)."""
