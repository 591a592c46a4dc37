"""``scenescribe doctor``: what works here."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.doctor import Finding


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    cluster: Annotated[
        str | None, typer.Option(help="Ask each node of a Ray cluster instead: auto, local or HOST:PORT.", show_default=False)
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output-dir", "-o", help="With --cluster: whether every node can write there.", show_default=False),
    ] = None,
    storage_option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for s3://, gs://, az://; may be repeated.", show_default=False)
    ] = None,
    insecure_cluster: Annotated[
        bool, typer.Option("--insecure-cluster", help="Another machine's cluster, though it asks for no token.")
    ] = False,
) -> None:
    """Look at this machine: what works, what is missing, and the command that mends it.

    With --cluster: the same versions on every node, its cores and GPUs, and whether it can write where the data set goes. Exit code 3 where
    the main job can't run.

    Examples:
        scenescribe doctor
        scenescribe doctor --json
        scenescribe doctor --cluster auto -o s3://bucket/captions
    """
    from pipeline.doctor import examine, examine_cluster
    from pipeline.storage import parse_options

    found: Iterable[Finding]
    if cluster is None:
        found = examine()
    else:
        options = parse_options(storage_option or ())
        found = examine_cluster(cluster, out=output, options=options, insecure=insecure_cluster)
    findings = list(found) if as_json else _shown(found)
    broken = [finding for finding in findings if finding.needed and not finding.ok]
    if as_json:
        console.data({"ok": not broken, "findings": [asdict(finding) for finding in findings]})
    else:
        print("Ready." if not broken else "Not ready: mend what is missing, then run scenescribe doctor again.")
    if broken:
        sys.exit(3)


def _shown(findings: "Iterable[Finding]") -> "list[Finding]":
    """Each as soon as it is there: some take seconds to find out."""
    from rich.console import Console
    from rich.text import Text

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """Nobody reads on (``doctor | grep -q MISSING``): what is missing is still in the exit code, where rich's own way ends with 1."""
            console.unheard(sys.stdout)

    screen, seen = Screen(highlight=False, soft_wrap=True), []
    for finding in findings:
        mark = (
            Text("ok     ", "green")
            if finding.ok
            else Text("MISSING", "bold red")
            if finding.needed
            else Text("without", "yellow")
        )
        screen.print(mark, Text(f" {finding.name:<18}"), Text(finding.value), sep="")
        if finding.mend:
            screen.print(Text(f"        {'':<18}-> {finding.mend}", "dim" if finding.ok else ""))
        console.finish(screen.file)
        seen.append(finding)
    return seen
