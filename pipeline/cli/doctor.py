"""``scenescribe doctor``: what works here."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.cli import console


def doctor(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Look at this machine: what works, what is missing, and the command that mends it.

    Exit code 3 where the main job can't run.

    Examples:
        scenescribe doctor
        scenescribe doctor --json
    """
    from pipeline.doctor import examine

    findings = examine()
    broken = [finding for finding in findings if finding.needed and not finding.ok]
    if as_json:
        console.data({"ok": not broken, "findings": [asdict(finding) for finding in findings]})
    else:
        from rich.console import Console
        from rich.text import Text

        screen = Console(highlight=False, soft_wrap=True)
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
        screen.print("Ready." if not broken else "Not ready: mend what is missing, then run scenescribe doctor again.")
    if broken:
        sys.exit(3)
