"""Data sets: many items, each of which becomes one row, whoever works on it and however often.

    sources -> Item -> plan (frozen) -> unit -> rows -> part -> done    (all of it under OUT, on a disk or an object store)

items.py   what is asked and what comes of it         arrow.py   both as Parquet: the door to pyarrow
"""
