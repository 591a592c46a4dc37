"""``scenescribe dataset``: how far a data set is, its formats, and what is asked again."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console
from pipeline.cli.help import MOST
from pipeline.cli.sentences import nothing_there
from pipeline.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pipeline.datasets.layouts.base import Written
    from pipeline.datasets.ledger import Ledger
    from pipeline.datasets.results import Status

ACTIONS = ("status", "finish", "export", "retry")


def dataset(
    out: Annotated[str, typer.Argument(help="What annotate wrote to: a folder, s3://, gs:// or az://.", show_default=False)],
    action: Annotated[str, typer.Argument(help="status, finish, export or retry.")] = "status",
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="Of finish and export: parquet, jsonl, webdataset, coco, txt, imagefolder.",
            rich_help_panel=MOST,
        ),
    ] = "parquet",
    output: Annotated[
        str | None, typer.Option("--output-dir", "-o", help="Of export: where the formats are written.", rich_help_panel=MOST)
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Of finish and export: what is done so far, though it is not all.", rich_help_panel=MOST),
    ] = False,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            help="Of retry: only rows with this reason code; may be repeated.", show_default=False, rich_help_panel=MOST
        ),
    ] = None,
    caption_extension: Annotated[str, typer.Option(help="Of --format txt: what the file beside a picture is called.")] = ".txt",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of others that lie where ours go (txt, jsonl, coco).")
    ] = False,
    storage_option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for s3://, gs://, az://; may be repeated.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.", rich_help_panel=MOST)] = False,
) -> None:
    """Look at a data set of annotate, write its formats, have failed items asked again. Needs no model; others may be working on it.

    status   how many items are done, how they ended, which hosts did them
    finish   write the formats into OUT once all is done, and remove what killed processes left
    export   write formats elsewhere (-o)
    retry    let the next annotate ask again what failed

    Examples:
        scenescribe dataset captions
        scenescribe dataset s3://bucket/out status --json
        scenescribe dataset captions finish --format txt,coco
        scenescribe dataset captions retry --reason url_failed
    """
    from pipeline.datasets import results
    from pipeline.datasets.ledger import Ledger
    from pipeline.datasets.sole import alone
    from pipeline.storage import open_storage, parse_options

    if action not in ACTIONS:
        raise UsageError("bad_value", f"there is no 'dataset OUT {action}': there are {', '.join(ACTIONS)}")
    options = parse_options(storage_option or ())
    ledger = Ledger.existing(open_storage(out, options))
    if action == "retry":
        with alone(ledger.storage) as storage:
            count = results.retry(Ledger.existing(storage), set(reason or ()))
        if as_json:
            console.data({"retried": count})
        else:
            console.say(f"{count} items will be asked again by the next annotate with -o {out}")
        return
    status = results.status(ledger)
    if action == "status":
        if as_json:
            console.data(asdict(status))
        else:
            _show(status)
        return
    if not status.finished and not partial:
        left = status.units["all"] - status.units["done"]
        raise OutputError(
            "not_finished",
            f"{left} of {status.units['all']} units are not done; run annotate again, or take what there is with --partial",
        )
    if action == "export" and output is None:
        raise UsageError("no_output", "name where the formats are written with -o")
    written = _write(ledger, form, output if action == "export" else None, options, caption_extension, overwrite=overwrite)
    swept = results.sweep(ledger) if action == "finish" else 0
    refused = _tell(written, swept, films=ledger.films, as_json=as_json)
    if refused:
        sys.exit(1)


def _write(
    ledger: "Ledger", form: str, output: str | None, options: dict[str, str], extension: str, *, overwrite: bool
) -> "dict[str, Written]":
    from dataclasses import replace

    from pipeline.annotating import writing
    from pipeline.datasets import copies
    from pipeline.imagesources.base import Wishes
    from pipeline.storage import open_storage

    data = writing.data_set(ledger, Wishes(storage=options), extension=extension, overwrite=overwrite)
    layouts = writing.layouts_of(form)
    if output is None:
        return {name: layout.write(data) for name, layout in layouts.items()}
    data = replace(data, storage=open_storage(output, options))
    return {
        name: copies.write(ledger, data.storage) if name == "parquet" else layout.write(data) for name, layout in layouts.items()
    }


def _tell(written: "dict[str, Written]", swept: int, *, films: bool, as_json: bool) -> int:
    """Say what was written; how many files could not be."""
    refused = [one for done in written.values() for one in done.refused]
    if as_json:
        formats = {
            name: {"place": done.place, "items": done.items, "refused": len(done.refused)} for name, done in written.items()
        }
        console.data({"formats": formats, "swept": swept})
    else:
        for name, done in written.items():
            console.say(
                f"{name}: {done.items:,} captions in {done.place}"
                if done.items
                else f"{name}: {nothing_there(films=films, refused=len(done.refused))}"
            )
    for name, code, says in refused[:20]:
        console.say(f"{console.name_of(name)}: {code}: {console.one_line(says)}")
    if len(refused) > 20:
        console.say(f"and {len(refused) - 20} more")
    return len(refused)


def _show(status: "Status") -> None:
    share = f" ({100 * status.done / status.items:.1f} %)" if status.items else ""
    print(f"items   {status.done} of {status.items} done{share}; {status.failed} failed")
    for name, counts in (("rows", status.by_outcome), ("reasons", status.by_reason)):
        if counts:
            print(console.plain(f"{name:<7} {_words(counts)}"))
    working = status.units["working"]
    left = status.units["claimed"] - working
    now = (f", {working} under way" if working else "") + (f", {left} begun that nobody works on now" if left else "")
    print(f"units   {status.units['done']} of {status.units['all']} done{now}")
    for host, done in status.hosts.items():
        rate = f", {done['items'] / done['seconds']:.1f} items/s a unit" if done["seconds"] else ""
        print(f"host    {console.name_of(host)}: {done['units']:.0f} units, {done['items']:.0f} items{rate}")


def _words(counts: "dict[str, int] | object") -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1]))
