"""Films in which somebody speaks, made by a voice of ours; and a tiny voice of Piper's kind, built of five operators."""

import json
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from patience import PATIENCE

from pipeline.media import find_ffmpeg
from pipeline.speech.voice import speaker

SENTENCES = (
    "Good evening, and welcome to this film about the sea and its people.",
    "They went out before the sun was up, and nobody asked them why.",
)


def talking(
    path: Path, at: Sequence[float] = (3.0, 12.0), *, seconds: float = 20.0, tone: bool = False, sound: str = "aac"
) -> list[tuple[float, float]]:
    """Write a film in which a sentence is spoken at each of these seconds (over a quiet tone where asked); when each is spoken."""
    with speaker("espeak", "en", path.parent) as voice:
        said = [voice.say(SENTENCES[n % len(SENTENCES)]) for n in range(len(at))]
    rate = said[0].rate
    samples: NDArray[np.float64] = np.random.default_rng(1).normal(0, 30, round(seconds * rate))
    if tone:
        samples += 3000 * np.sin(np.arange(len(samples)) * 2 * np.pi * 100 / rate)
    spans = []
    for start, one in zip(at, said, strict=True):
        spoken = np.frombuffer(one.file.read_bytes(), "<i2")
        first = round(start * rate)
        samples[first : first + len(spoken)] += spoken
        loud = np.flatnonzero(np.abs(spoken) > 500)
        spans.append((start + float(loud[0]) / rate, start + float(loud[-1]) / rate))
    track = path.with_suffix(".voice.wav")
    with wave.open(str(track), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.clip(-32768, 32767).astype("<i2").tobytes())
    picture = ["-f", "lavfi", "-i", f"testsrc=s=320x240:r=25:d={seconds}"]
    command = [
        str(find_ffmpeg().path),
        "-v",
        "error",
        "-y",
        *picture,
        "-i",
        str(track),
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ]
    subprocess.run([*command, "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", sound, str(path)], check=True, timeout=PATIENCE)
    track.unlink()
    return spans


def loudness(path: Path, stream: str = "0:a:0", *, below: float | None = None) -> NDArray[np.float64]:
    """Decibels of full scale of each tenth of a second; of what lies below a frequency alone, where one is given."""
    only = ["-af", f"lowpass=f={below}:p=2,lowpass=f={below}:p=2"] if below else []
    command = [
        str(find_ffmpeg().path),
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        stream,
        *only,
        "-ac",
        "1",
        "-ar",
        "8000",
        "-f",
        "s16le",
        "-",
    ]
    data = subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE).stdout
    wave_ = np.frombuffer(data, "<i2").astype(np.float64)[: len(data) // 1600 * 800].reshape(-1, 800) / 32768
    return np.asarray(20 * np.log10(np.sqrt((wave_**2).mean(axis=1)) + 1e-6))


def piper_voice(path: Path) -> Path:
    """A voice in Piper's format: a tone of 256 samples a phoneme, stretched by the length scale that it is asked with."""
    import onnx
    from onnx import TensorProto, helper

    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    constants = {
        "one": (TensorProto.INT64, [1], [1]), "each": (TensorProto.FLOAT, [1], [256.0]), "zero": (TensorProto.FLOAT, [], [0.0]),
        "step": (TensorProto.FLOAT, [], [1.0]), "angle": (TensorProto.FLOAT, [], [0.1]), "half": (TensorProto.FLOAT, [], [0.5]),
        "form": (TensorProto.INT64, [3], [1, 1, -1]), "none": (TensorProto.INT64, [0], []),
    }  # fmt: skip
    nodes = [
        helper.make_node("Cast", ["input_lengths"], ["count"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scales", "one"], ["stretch"]),
        helper.make_node("Mul", ["count", "each"], ["samples"]),
        helper.make_node("Mul", ["samples", "stretch"], ["long"]),
        helper.make_node("Reshape", ["long", "none"], ["end"]),
        helper.make_node("Range", ["zero", "end", "step"], ["ticks"]),
        helper.make_node("Mul", ["ticks", "angle"], ["angles"]),
        helper.make_node("Sin", ["angles"], ["wave"]),
        helper.make_node("Mul", ["wave", "half"], ["quiet"]),
        helper.make_node("Reshape", ["quiet", "form"], ["output"]),
    ]
    made = [helper.make_tensor(name, kind, form, values) for name, (kind, form, values) in constants.items()]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "samples"])
    graph = helper.make_graph(nodes, "voice", inputs, [output], made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    letters = "_^$ " + "abcdefghijklmnopqrstuvwxyzæðŋɐɑɒɔəɚɛɜɡɪɹɾʃʊʌʒθᵻˈˌː.,?!"
    settings = {
        "audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "phoneme_type": "espeak", "num_symbols": 256, "num_speakers": 1,
        "inference": {"noise_scale": 0.6, "length_scale": 1.0, "noise_w": 0.8}, "speaker_id_map": {},
        "phoneme_id_map": {letter: [n] for n, letter in enumerate(letters)},
    }  # fmt: skip
    path.with_name(path.name + ".json").write_text(json.dumps(settings))
    return path
