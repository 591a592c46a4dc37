"""Pictures into rows: units of a data set are read, decoded, asked and committed, the engine never hungry.

    Grants -> unit -> Reader: bytes -> decoding children: pictures -> Engine: captions -> rows -> commit

recipe.py   what is asked of a picture        worker.py   units on their way       flow.py   the run of one process
"""
