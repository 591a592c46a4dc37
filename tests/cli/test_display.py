"""The live display, without a terminal: what it would show."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.cli.display import Display
from pipeline.cli.screen import ROWS, Screen
from pipeline.inputs import Film
from pipeline.types import VideoInfo


def test_of_many_films_under_way_those_begun_first_are_shown() -> None:
    display = Display(Screen(live=True))
    lines = []
    for number in range(ROWS + 5):
        film = Film(Path(f"{number}.mp4"), Path(f"{number}.mp4"))
        lines.append(display.observer(film))
        lines[-1].opened(
            VideoInfo(path=film.path, size=1, container="mov", codec="h264", duration=1, start=0, fps=25, width=64, height=36)
        )

    def shown() -> list[str]:
        return [task.description for task in display.screen.progress.tasks if task.visible]

    assert shown() == [f"{number}.mp4" for number in range(ROWS)]
    for number in (0, 3):
        display._lines.pop(Path(f"{number}.mp4")).close()
    assert shown() == [f"{number}.mp4" for number in (1, 2, *range(4, ROWS + 2))]


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_what_is_left_of_many_films_is_not_cut_off(columns: int) -> None:
    screen = Screen(live=True)
    screen.console.width = columns
    total = screen.add_total("all films", 1300)
    screen.add_row("Screen Recording 2026-11-28 at 08.11.12.mov", 60.0, "burn 5%")
    state = "100 of 1300 · about 10:09 left, then burning"
    screen.update(total, done=100, state=state)
    page = io.StringIO()
    Console(file=page, width=columns, color_system=None).print(screen.progress.get_renderable())
    assert state in page.getvalue(), page.getvalue()
    assert max(map(len, page.getvalue().splitlines())) <= columns
