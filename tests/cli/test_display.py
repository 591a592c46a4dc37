"""The live display, without a terminal: what it would show."""

from pathlib import Path

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
