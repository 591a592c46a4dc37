"""``scenescribe jobs``: what the watch folder's daemon has done, is doing and will do."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console
from pipeline.cli.help import Command, Group
from pipeline.errors import InputError, UsageError

if TYPE_CHECKING:
    from pipeline.store.job_row import Job
    from pipeline.store.queue import Queue

HELP = """What the watch folder's daemon has done and will do: list, show, retry, forget.

Examples:
    scenescribe jobs list --state failed
    scenescribe jobs show films/one.mp4
    scenescribe jobs retry --failed
"""

app = typer.Typer(cls=Group, help=HELP, invoke_without_command=True)

StateDir = Annotated[Path | None, typer.Option("--state-dir", help="The daemon's state folder; also SCENESCRIBE_STATE_DIR.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
WHICH = "Films by their paths, or jobs by their numbers."
Paths = Annotated[list[str], typer.Argument(help=WHICH, show_default=False)]
SomePaths = Annotated[list[str] | None, typer.Argument(help=WHICH)]
AllFailed = Annotated[bool, typer.Option("--failed", help="All that failed.")]


@app.callback()
def jobs(context: typer.Context, state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """What the watch folder's daemon has done and will do. Without a command: list."""
    context.obj = (state_dir, as_json)
    if context.invoked_subcommand is None:
        list_jobs(context)


@app.command("list", cls=Command)
def list_jobs(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these: queued running done failed skipped.")] = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """All jobs in the order of their arrival.

    Examples:
        scenescribe jobs list --state failed --state running
    """
    with _queue(context, state_dir) as queue:
        from pipeline.store.queue import STATES

        if unknown := [word for word in state or () if word not in STATES]:
            raise UsageError("bad_value", f"--state {unknown[0]}: there are {', '.join(STATES)}")
        found = queue.jobs(tuple(state or ()))
    if as_json or context.obj[1]:
        console.data([_plain(job, queue) for job in found])
        return
    for job in found:
        reason = f"  {job.reason}" if job.reason else ""
        print(f"{job.id:>6}  {job.state:<8}{console.name_of(queue.called(job.path))}{reason}")
    counts = ", ".join(
        f"{sum(job.state == word for job in found)} {word}" for word in STATES if any(job.state == word for job in found)
    )
    console.say(counts or "no jobs")


@app.command(cls=Command)
def show(context: typer.Context, paths: Paths, state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """All that is known of some jobs.

    Examples:
        scenescribe jobs show films/one.mp4
        scenescribe jobs show 12 --json
    """
    with _queue(context, state_dir) as queue:
        found = _find(queue, paths)
    if as_json or context.obj[1]:
        console.data([_plain(job, queue) for job in found])
        return
    for job in found:
        for key, value in _plain(job, queue).items():
            print(console.plain(f"{key:<12} {', '.join(value) if isinstance(value, list) else value}"))
        print()


@app.command(cls=Command)
def retry(
    context: typer.Context,
    paths: SomePaths = None,
    failed: AllFailed = False,
    state_dir: StateDir = None,
) -> None:
    """Queue jobs again; a running daemon takes them at once.

    Examples:
        scenescribe jobs retry --failed
    """
    with _queue(context, state_dir) as queue:
        count = queue.retry(_some(queue, paths, "failed" if failed else None))
    console.say(f"{count} queued")


@app.command(cls=Command)
def forget(
    context: typer.Context,
    paths: SomePaths = None,
    failed: AllFailed = False,
    state_dir: StateDir = None,
) -> None:
    """Delete jobs and the captions kept for them; outputs stay. A film that is still in the folder is taken as a new one.

    Examples:
        scenescribe jobs forget films/one.mp4
    """
    with _queue(context, state_dir) as queue:
        count = queue.forget(_some(queue, paths, "failed" if failed else None))
    console.say(f"{count} forgotten")


@contextmanager
def _queue(context: typer.Context, state_dir: Path | None) -> "Iterator[Queue]":
    from pipeline.options import names
    from pipeline.options.base import load
    from pipeline.options.watch import WatchSettings
    from pipeline.store.database import Database
    from pipeline.store.queue import Queue
    from pipeline.store.state_folder import DATABASE

    given = state_dir or context.obj[0]
    folder = load(WatchSettings, {"state_dir": given}, known=names).settings.state_folder
    if not (folder / DATABASE).exists():
        raise UsageError("not_found", f"no daemon has worked with the state folder {console.name_of(folder)}; see --state-dir")
    database = Database(folder)
    try:
        yield Queue(database)
    finally:
        database.close()


def _some(queue: "Queue", paths: list[str] | None, state: str | None) -> "list[Job]":
    if bool(paths) == bool(state):
        raise UsageError("no_input", "name films, or give --failed")
    return queue.jobs((state,)) if state else _find(queue, paths or [])


def _find(queue: "Queue", names: list[str]) -> "list[Job]":
    """The jobs that are meant. Leaves with 1 where one is not known."""
    every = queue.jobs()
    found = []
    for name in names:
        path = Path(name).absolute()
        job = next((job for job in every if job.path == path or name in (str(job.id), queue.called(job.path))), None)
        if job is None:
            console.fail(name, InputError("not_found", "there is no such job; scenescribe jobs lists them"))
            sys.exit(1)
        found.append(job)
    return found


def _plain(job: "Job", queue: "Queue") -> dict[str, Any]:
    return {
        "id": job.id,
        "path": console.name_of(queue.called(job.path)),
        "state": job.state,
        "reason": job.reason,
        "message": job.message,
        "attempts": job.attempts,
        "captions": job.captions,
        "outputs": [os.fspath(queue.called(Path(name))) for name in job.outputs],
        "source": job.source,
        "recipe": job.recipe.to_json() if job.recipe is not None else None,
        "seconds": job.seconds,
        "queued_at": _moment(job.queued_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
    }


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
