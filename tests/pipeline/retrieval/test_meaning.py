"""Search by meaning, with a real text encoder."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from paraphrases import PAIRS

from models.embedding import Embedder
from models.errors import ModelNotFound
from pipeline.formats import json as ours
from pipeline.retrieval.find import search
from pipeline.retrieval.hits import Hit
from pipeline.retrieval.index import Index
from pipeline.retrieval.meaning import RANKS, by_meaning, fused, prepare
from pipeline.retrieval.reading import SUFFIX, documents
from pipeline.retrieval.words import Words
from pipeline.types import Caption, Document, Model, Source


def write(folder: Path, name: str, *texts: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = Document(
        source=Source(name=name, size=1, duration=8.0 * len(texts), fps=25.0, width=64, height=36, start=0.0),
        model=Model(name="m", id="m", revision="1", engine="echo", engine_version="1"),
        settings={},
        captions=tuple(Caption(start=8.0 * n, end=8.0 * n + 8, text=text) for n, text in enumerate(texts)),
    )
    (folder / (Path(name).stem + SUFFIX)).write_text(ours.to_text(document))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for number, (caption, _) in enumerate(PAIRS):
        write(folder, f"{number:03}.mp4", caption)
    return folder


class Known:
    """An embedder whose sentences were put in together: one at a time they take ten times as long."""

    def __init__(self, inner: Embedder, texts: Sequence[str]) -> None:
        self.key = inner.key
        self._vectors = dict(zip(texts, inner.embed(texts), strict=True))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._vectors[text] for text in texts])


def test_paraphrases_find_their_film(films: Path, embedder: Embedder, tmp_path: Path) -> None:
    assert len(PAIRS) == 100
    known = Known(embedder, [text for pair in PAIRS for text in pair])
    words = meaning = 0
    with Index(tmp_path) as index:
        among = index.update(documents([str(films)]))
        prepare(index, known, among)
        for number, (_, asked) in enumerate(PAIRS):
            found = Words(index.database).search(asked, most=1)[0], by_meaning(index, known, asked, most=1, among=among)
            first = [hits[0].film.stem == f"{number:03}" if hits else False for hits in found]
            words, meaning = words + first[0], meaning + first[1]
    assert meaning >= 80, f"by meaning {meaning}, by words {words}"
    assert meaning > words


def test_vectors_of_another_model_are_made_anew(minilm: Path, embedder: Embedder, tmp_path: Path) -> None:
    write(tmp_path / "f", "a.mp4", "a dog sleeps", "a cat runs")
    names, state = [str(tmp_path / "f")], tmp_path / "state"
    told = list[tuple[int, int]]()

    def ask(with_model: Embedder) -> list[str]:
        told.clear()
        found = search(
            "sleeping puppy", names, state_folder=state, by="meaning", embedder=with_model,
            on_progress=lambda done, of: told.append((done, of)),
        )  # fmt: skip
        return [hit.text for hit in found.hits]

    assert ask(embedder)[0] == "a dog sleeps"
    assert told == [(0, 1)]
    ask(embedder)
    assert told == [], "kept"
    shutil.copytree(minilm, tmp_path / "other")
    assert ask(Embedder(str(tmp_path / "other")))[0] == "a dog sleeps"
    assert told == [(0, 1)]
    with Index(state) as index:
        assert index.database.rows("SELECT count(*) FROM vectors")[0][0] == 1


def test_vectors_have_length_one_and_the_order_of_their_texts(embedder: Embedder) -> None:
    texts = ["a", "a much longer sentence about a dog that sleeps in the sun " * 3, "a dog", ""]
    together = embedder.embed(texts)
    assert together.shape == (4, 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for row, text in zip(together, texts, strict=True):
        assert float(row @ embedder.embed([text])[0]) > 0.999


def test_what_is_no_encoder_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="holds no"):
        Embedder(str(tmp_path)).embed(["x"])
    with pytest.raises(ModelNotFound, match="there is no folder"):
        Embedder(str(tmp_path / "nothing")).embed(["x"])


def hit(number: int) -> Hit:
    return Hit(caption=number, film=Path("a"), document=Path("b"), start=0, end=1, text=str(number), score=9.0)


def test_fusion_puts_first_what_stands_high_in_both() -> None:
    ranked = fused([hit(1), hit(2), hit(3)], [hit(2), hit(4)], 3)
    assert [one.caption for one in ranked] == [2, 1, 4]
    assert ranked[0].score == pytest.approx(1 / (RANKS + 2) + 1 / (RANKS + 1))
