"""Benches say what is missing before they make or load anything; what only a bench does is right."""

import argparse
import asyncio
import contextlib
import io
import itertools
import os
import subprocess
import sys
from pathlib import Path

import av
import pytest
from patience import PATIENCE

from pipeline.video.children.pool import WorkerPool

HOUSE = Path(__file__).resolve().parents[1]
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HOUSE))


def bench(name: str, *words: str, without: tuple[str, ...] = (), place: Path) -> subprocess.CompletedProcess[str]:
    (place / "sitecustomize.py").write_text(BLOCK.format(blocked=set(without)))
    command = [sys.executable, str(HOUSE / "scripts/benches" / f"{name}.py"), *words]
    environment = {**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{HOUSE}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(
    ("name", "words", "without", "said"),
    [
        ("serve", (), ("httpx",), "scripts/bench serve: missing here: pip install httpx"),
        ("live", ("--by", "rtmp", "--engine", "echo"), ("imageio_ffmpeg",), "scripts/bench live: missing here: pip install imageio-ffmpeg"),
        ("live", (), ("av",), "scripts/bench live: missing here: pip install av"),
        ("gpu", (), ("vllm",), "scripts/bench gpu: missing here: pip install vllm"),
        ("images", ("--kinds", "s3", "--engine", "echo"), ("moto",), "scripts/bench images: missing here: pip install moto[server]"),
        ("cuts", ("--only", "decks"), ("scenedetect",), "scripts/bench cuts: missing here: pip install scenedetect-headless"),
        ("cluster", (), ("ray",), "scripts/bench cluster: missing here: pip install ray"),
        ("summary", ("--model", "llava-onevision-7b", "--random-weights"), (), "--random-weights wants --model FOLDER"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_line_at_the_start(
    name: str, words: tuple[str, ...], without: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = bench(name, *words, without=without, place=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.usefixtures("parts")
def test_help_is_there_without_a_reader_that_only_others_have(tmp_path: Path) -> None:
    told = bench("reader", "--help", without=("decord",), place=tmp_path)
    assert told.returncode == 0
    assert "--only" in told.stdout
    refused = bench("reader", "--folder", str(tmp_path / "films"), without=("decord",), place=tmp_path)
    assert (refused.returncode, refused.stderr.strip()) == (1, "scripts/bench reader: missing here: pip install decord")
    assert not (tmp_path / "films").exists()


def test_vllm_is_not_measured_where_its_processes_would_not_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts import needed

    monkeypatch.setattr(needed, "_there", lambda name: True)
    asked = list[dict[str, str]]()
    monkeypatch.setattr(needed, "entry_points", lambda **wanted: asked.append(wanted) or ())  # type: ignore[func-returns-value]
    needed.needed("av")
    with pytest.raises(SystemExit, match="Scenescribe itself: pip install --no-deps -e"):
        needed.needed("vllm", "av")
    assert asked == [{"group": "vllm.general_plugins", "name": "scenescribe"}]
    monkeypatch.undo()
    assert needed.entry_points(group="vllm.general_plugins", name="scenescribe"), "what is looked for is what is installed"


@pytest.mark.usefixtures("parts")
def test_a_variant_is_read_from_words() -> None:
    from scripts.benches.gpu_parts.variants import Variant

    found = Variant.of("decode=cpu,children=3,nice=10,cores=12")
    assert (found.decode, found.children, found.nice, found.cores) == ("cpu", 3, 10, 12)
    with pytest.raises(argparse.ArgumentTypeError, match="decode="):
        Variant.of("threads=3")


@pytest.mark.usefixtures("parts")
async def test_decoders_get_the_priority_and_the_cores_of_a_variant() -> None:
    from scripts.benches.gpu_parts.variants import Variant, as_wished

    first = min(os.sched_getaffinity(0))
    with WorkerPool(spare=1) as pool:
        child = pool.acquire()

        async def as_asked() -> None:
            while True:
                with contextlib.suppress(OSError):
                    if os.getpriority(os.PRIO_PROCESS, child.pid) >= 7 and os.sched_getaffinity(child.pid) == {first}:
                        return
                await asyncio.sleep(0.05)

        async with as_wished(Variant.of("nice=7,cores=1")):
            await asyncio.wait_for(as_asked(), PATIENCE)
        pool.release(child)


@pytest.mark.usefixtures("parts")
def test_a_paced_stream_goes_on_without_a_seam_and_can_be_entered_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    import paced_sender

    monkeypatch.setattr(paced_sender, "SECONDS", 1)
    sent = list(itertools.islice(paced_sender.packets(paced_sender.drawn("64x48", 10)), 35))
    assert [due for due, _ in sent] == pytest.approx([number / 10 for number in range(35)])
    with av.open(io.BytesIO(b"".join(data for _, data in sent[12:]))) as film:
        frames = list(film.decode(video=0))
    times = [frame.time for frame in frames]
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([0.1] * (len(times) - 1))
    assert times[-1] - times[0] == pytest.approx(2.2)  # tables stand before each picture
    assert not any(frame.is_corrupt for frame in frames[-15:])  # from the keyframe at 2.0 s on


@pytest.mark.usefixtures("parts")
async def test_a_bench_of_streams_takes_the_first_way_by_which_a_picture_comes_and_tells_of_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.options.live import LiveSettings
    from scripts import live_senders

    settings = LiveSettings(window=1.0, previous=0)
    tried: list[str] = []

    async def arrives(way: str, *_: object) -> None:
        tried.append(way)
        if way == "udp":
            raise live_senders.NoPicture("a plain socket got nothing either")

    with monkeypatch.context() as lame:
        lame.setattr(live_senders, "arrives", arrives)
        assert await live_senders.way_that_works("auto", "64x48", 10, settings) == "http"
        assert tried == ["udp", "http"]
        with pytest.raises(SystemExit, match="plain socket"):
            await live_senders.way_that_works("udp", "64x48", 10, settings)
    assert "no picture by udp: a plain socket" in capsys.readouterr().err
    assert await live_senders.way_that_works("file", "64x48", 10, settings) == "file"


@pytest.mark.usefixtures("parts")
async def test_a_sender_that_fails_tells_its_words_and_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts import live_senders

    with pytest.raises(live_senders.NoPicture, match=r"ended with 1, .*nosize"), live_senders.Sender("udp", "nosize", 10, 1):
        pass


def test_a_folder_without_words_is_given_some_that_are_read_as_they_were_written(tmp_path: Path, parts: None) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    from scripts.random_weights import with_words, word

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["a bade bade dede"], trainer)
    folder = tmp_path / "model"
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text('{"text_config": {"vocab_size": 20000}}')
    words = Tokenizer.from_file(str(Path(with_words(str(folder)), "tokenizer.json")))
    assert words.get_vocab_size() == 20_000
    drawn = list(range(5_000, 20_000, 7))
    assert len(words.encode(words.decode(drawn)).ids) == len(drawn)
    text = "".join(f" {word(number)}" for number in range(1_000))
    assert len(words.encode(text).ids) == 1_000
    assert words.decode(words.encode(text).ids) == text
    assert Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size() < 20_000, "the folder itself stays as it is"
