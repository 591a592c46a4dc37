"""A talk as it is kept: JSON for ``ask -o``, a page for ``ask --report``."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.api.asking import Conversation
    from pipeline.asking.types import Answer


class TalkRecord:
    """The talk so far, for ``-o`` and ``--report``."""

    def __init__(self, talk: "Conversation") -> None:
        self.talk, self.answers, self.frames = talk, list["Answer"](), list[list[tuple[str, bytes]]]()

    def add(self, answer: "Answer") -> None:
        from pipeline.report.talk import thumbnails

        self.answers.append(answer)
        self.frames.append(thumbnails(self.talk.talk.last))

    def write(self, output: Path | None, report: Path | None) -> None:
        from pipeline.files import write_whole
        from pipeline.report import talk as page

        model = self.talk.talk.host.model(self.talk.talk.recipe.model)
        films = [os.fsdecode(path) for path in self.talk.talk.paths]
        if output is not None:
            kept = {
                "scenescribe_talk": 1,
                "films": films,
                "model": {"name": model.name, "id": model.id, "revision": model.revision, "engine": model.engine},
                "answers": [answer.to_json() for answer in self.answers],
            }
            text = json.dumps(kept, ensure_ascii=False, indent=1, default=str)
            write_whole(output, text.encode("utf-8", "backslashreplace"))
        if report is not None:
            write_whole(report, page.render(films, model, self.answers, self.frames).encode("utf-8", "replace"))
