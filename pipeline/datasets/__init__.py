"""Data sets: many items, each of which becomes one row, whoever works on it and however often.

    sources -> Item -> plan (frozen) -> unit -> rows -> part -> done    (all of it under OUT, on a disk or an object store)

items.py    what is asked and what comes of it        arrow.py    both as Parquet: the door to pyarrow
plan.py     the frozen list of items, in units.py     ranged.py   a row group of it by one request      keys.py  which came twice
ledger.py   what is done, and nothing else counts     sole.py     where a storage can't say who was first
grants.py   what a host does next                     claims.py   who works on what      quarantine.py  which item kills processes
results.py  rows, how they ended, which are asked again

    ledger = Ledger.open(open_storage("s3://bucket/out"), settings)
    if not ledger.planned:
        ledger.plan(items)                              # blocks: a listing may be long
    async with Grants(ledger, host="gpu-1") as grants:
        async for grant in grants:                      # several at once keep an engine full
            await grant.commit([row_of(item) for item in grant.items])
"""
