"""docs/formats.md says what each figure in a film's stats is."""

from pathlib import Path

from pipeline.captioning.tally import Tally
from pipeline.engine.gauges import KEPT
from pipeline.stats import film_stats

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text()


def test_every_figure_is_explained() -> None:
    stats = film_stats(
        Tally(), 1.0, wall=1.0, engine_start=0.0, decode=0.0, write=0.0, resumed=0, held_back_by="engine", engine_peaks={}
    )
    names = {name for name in stats if name != "seconds"} | {f"seconds.{name}" for name in stats["seconds"]} | set(KEPT)
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []
