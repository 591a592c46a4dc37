"""``coco``: COCO's captions, as pycocotools reads them.

    {"images": [{"id", "file_name", "width", "height"}, ...], "annotations": [{"id", "image_id", "caption"}, ...]}

Written as it comes, in two passes over the rows: nothing of it is kept in memory. ``file_name`` is the item's key.
"""

import json
from dataclasses import dataclass
from typing import ClassVar

from pipeline.datasets.layouts.base import DataSet, Written, in_the_way, pictured, spooled

NAME = "captions.coco.json"


@dataclass(frozen=True)
class Layout:
    """Pictures that have a caption."""

    settled: ClassVar[str] = "captions.coco.json: COCO's captions"

    def write(self, data: DataSet) -> Written:
        if (
            refused := in_the_way(data, NAME, lambda head: head.startswith(b'{"info": {"description": "captions by '))
        ) is not None:
            return refused
        count = 0
        with spooled(data.storage, NAME) as path, path.open("w", encoding="utf-8", newline="\n") as file:
            model = str(data.settings.get("model", ""))
            file.write(json.dumps({"info": {"description": f"captions by {model}", "version": "1.0"}, "licenses": []})[:-1])
            for field in ("images", "annotations"):
                file.write(f',\n"{field}": [')
                count = 0
                for _, row in data.pairs():
                    if not pictured(row):
                        continue
                    count += 1
                    entry = (
                        {"id": count, "file_name": row.key, "width": row.width, "height": row.height}
                        if field == "images"
                        else {"id": count, "image_id": count, "caption": row.caption}
                    )
                    file.write(("" if count == 1 else ",") + "\n" + json.dumps(entry, ensure_ascii=False))
                file.write("]")
            file.write("}\n")
        return Written(place=f"{data.storage.url}/{NAME}", items=count)
