"""Names of subtitle files, as media servers read them."""

from pathlib import Path

import pytest

from pipeline.sidecar_names import labels_in

HI, FORCED, DEFAULT = "hearing_impaired", "forced", "default"


@pytest.mark.parametrize(
    ("name", "language", "flags"),
    [
        ("Movie.en.srt", "en", set()),
        ("Movie.pl.hi.srt", "pl", {HI}),
        ("Movie.hi.srt", "hi", set()),
        ("Movie.hi.hi.srt", "hi", {HI}),
        ("Movie.hi.forced.srt", "hi", {FORCED}),
        ("Movie.en.sdh.srt", "en", {HI}),
        ("Movie.en.cc.srt", "en", {HI}),
        ("Movie.sdh.en.srt", "en", {HI}),
        ("Movie.hearing_impaired.en.srt", "en", {HI}),
        ("Movie.de.Hearing-Impaired.srt", "de", {HI}),
        ("Movie.forced.de.srt", "de", {FORCED}),
        ("Movie.en.foreign.srt", "en", {FORCED}),
        ("Movie.en.default.forced.srt", "en", {DEFAULT, FORCED}),
        ("Movie.pt-BR.srt", "pt-BR", set()),
        ("Movie.zh-Hans.srt", "zh-Hans", set()),
        ("Movie.eng.srt", "en", set()),
        ("Movie.ger.srt", "de", set()),
        ("Movie.EN.srt", "en", set()),
        ("Movie.English.srt", "en", set()),
        ("Movie.chs.srt", "zh-Hans", set()),
        ("Movie.descriptions.fr.srt", "fr", set()),
        ("Movie.srt", None, set()),
        ("Movie.sdh.srt", None, {HI}),
        ("Movie.2019.1080p.srt", None, set()),
        ("Let.It.Be.srt", None, set()),
        ("Spider.Man.srt", None, set()),
        ("spider.man.srt", None, set()),
        ("It.srt", None, set()),
        ("en.srt", None, set()),
        (".srt", None, set()),
        ("Movie.en.commentary.srt", None, set()),
        ("Movie [en].srt", "en", set()),
        ("Movie.en.2.srt", "en", set()),
        ("Movie.de.sdh.3.srt", "de", {HI}),
        ("Movie.2.srt", None, set()),
        ("Movie.en_US.srt", "en-US", set()),
        ("Movie.pt_BR.forced.srt", "pt-BR", {FORCED}),
        ("Movie_pt_br.srt", "pt-BR", set()),
        ("Movie.zh_Hant.srt", "zh-Hant", set()),
        ("Movie.es_419.srt", "es-419", set()),
        ("Movie.en_HI.srt", "en", {HI}),
        ("Movie.chs&eng.srt", "zh-Hans", set()),
        ("Movie.Tom&Jerry.srt", None, set()),
    ],
)
def test_a_name_alone(name: str, language: str | None, flags: set[str], tmp_path: Path) -> None:
    found = labels_in(tmp_path / name)
    assert (found.language, set(found.flags)) == (language, flags)


@pytest.mark.parametrize(
    ("film", "name", "language"),
    [
        ("let.it.be.mp4", "let.it.be.srt", None),
        ("let.it.be.mp4", "let.it.be.it.srt", "it"),
        ("Let.It.Be.mkv", "Let.It.Be.De.srt", "de"),
        ("movie.mp4", "movie.man.srt", "man"),
        ("Film.en.mp4", "Film.en.srt", None),
        ("other.mp4", "movie.de.srt", "de"),
        ("movie.mp4", "movie.en_US.srt", "en-US"),
        ("movie.mp4", "movie.pt_br.srt", "pt-BR"),
        ("movie.mp4", "movie.en.Commentary.srt", "en"),
        ("movie.mp4", "movie.fr.directors.cut.srt", "fr"),
        ("movie.mp4", "movie.en.dub.srt", "en"),
        ("Let.mp4", "Let.It.Rain.srt", None),
    ],
)
def test_beside_a_film_what_is_behind_its_name_counts(film: str, name: str, language: str | None, tmp_path: Path) -> None:
    (tmp_path / film).touch()
    assert labels_in(tmp_path / name).language == language
