"""What jobs do: the tasks of the command line, each as settings of ``caption`` and what it does with the captions."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.options.base import first_fault
from pipeline.options.caption import Settings
from pipeline.options.serve import JOB, SUMMARIES
from pipeline.passes.json import read as read_summary
from pipeline.serve.jobs import Job
from pipeline.studio import Studio

if TYPE_CHECKING:
    from pipeline.outputs import Outputs
    from pipeline.serve.service import Service

Task = Literal["caption", "summarize", "chapters", "index", "burn", "mux", "export", "speak", "preview"]
"""``index``: captions into the search index, so that no search waits for them; ``preview``: a copy that browsers play"""
TOLD = frozenset({"summarize", "chapters"})
"""tasks that write a summary: chapters come with one"""


def allowed(task: str) -> frozenset[str]:
    """Names of the settings that a job of a task may have of its own."""
    if task == "preview":
        return frozenset()
    return JOB | SUMMARIES if task in TOLD else JOB


def job_settings(service: "Service", job: Job) -> Settings:
    """What a job is told; chapters alone are of the summary that is there. Raises InputError ``bad_value``."""
    own = dict(job.settings)
    if job.task == "chapters" and not {"length", "style", "overwrite"} & set(own):
        language = str(own.get("language", service.studio.recipe.language))
        if (path := service.library.made(job.film, language, ".summary.json")) is not None:
            try:
                own |= {name: value for name, value in read_summary(path).settings.items() if name in ("length", "style")}
            except InputError:  # damaged: it is made anew
                _forget_summary(path.parent, path.name.removesuffix(".summary.json"))
    try:
        return settings_for(service, job.task, own)
    except ValidationError as error:
        raise InputError("bad_value", f"its settings can't be any more: {first_fault(error)}") from None


def settings_for(service: "Service", task: str, own: dict[str, object]) -> Settings:
    """The settings of a task: the service's, what the job says, and what the task is. Raises pydantic's ValidationError."""
    if isinstance(context := own.get("context"), str):
        own["context"] = context + "\n"  # of more than one line: a text, never the name of a file
    own.setdefault("format", service.settings.format)
    return service.settings.for_job(
        **own, burn=task == "burn", mux=task == "mux", summarize=task == "summarize", chapters=task in TOLD,
    )  # fmt: skip


def check_settings(service: "Service", task: str, own: dict[str, object]) -> Studio:
    """All that can be wrong with a job's settings, said before it is queued. Raises UsageError, EnvironmentFault, ValidationError."""
    return Studio(settings_for(service, task, own), host=service.studio.host)


def forget_summary(outputs: "Outputs") -> None:
    """Remove a summary, its chapters and the copy with them: they are made anew."""
    _forget_summary(outputs.folder, outputs.stem)


def _forget_summary(folder: Path, stem: str) -> None:
    for path in folder.glob("*"):
        if path.name.startswith(tuple(f"{stem}.{what}." for what in ("summary", "chapters", "chaptered"))):
            path.unlink(missing_ok=True)
