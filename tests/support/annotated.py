"""One set of pictures, annotated in this process by the engine that runs no model."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import picture_files
import pytest

from models.base import Captioner
from models.engines.echo import EchoCaptioner
from pipeline.annotating import flow
from pipeline.annotating.answer import Answer
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets.items import Item
from pipeline.datasets.ledger import Ledger
from pipeline.engine.opening import preset_for_pictures
from pipeline.options.annotate import AnnotateSettings

PICTURES = {f"{number:03}.png": picture_files.encoded(picture_files.corners(32 + number, 32)) for number in range(30)}
Annotate = Callable[..., Awaitable["Run"]]


class Run:
    """What became of one run."""

    def __init__(
        self, ledger: Ledger, captioner: Captioner, told: dict[str, Answer], problems: list[flow.Problem], twice: list[str]
    ) -> None:
        self.ledger, self.captioner, self.told, self.problems, self.twice = ledger, captioner, told, problems, twice
        """``twice``: keys of which was told that they had come before"""


@pytest.fixture
def annotate(tmp_path: Path) -> Annotate:
    async def run(*names: object, captioner: Any = None, out: Path | None = None, **options: Any) -> Run:
        captioner = captioner or EchoCaptioner()
        settings = AnnotateSettings(
            engine="echo", model="shapes", output_dir=str(out or tmp_path / "out"), decode_workers=2, **options
        )
        recipe = PictureRecipe.of(settings, preset_for_pictures(settings.describing(), settings.detail))
        ledger, problems = flow.prepared(flow.storage_of(settings), [str(name) for name in names], settings, recipe)
        host = flow.host_of(settings, ledger, captioner=captioner)
        told: dict[str, Answer] = {}
        twice: list[str] = []

        def hear(item: Item, answer: Answer) -> None:
            if answer.reason == "key_twice":
                twice.append(item.key)
                return
            assert item.key not in told
            told[item.key] = answer

        async with host:
            await flow.work(host, ledger, recipe, flow.wishes_of(settings), spool_gb=settings.spool_gb, told=hear)
        return Run(ledger, captioner, told, problems, twice)

    return run
