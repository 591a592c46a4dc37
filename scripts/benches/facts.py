"""How much of what happens in a film its summary tells, and whether it tells what does not happen: drawn films, the embedded model, the whole way.

scripts/bench facts --films 200

Films of two to four scenes of one to three things each, H.264, described and summarized by the command `scenescribe caption --summarize
--chapters`. A fact is a thing's colour and shape and what it does. Precision: of the facts that a summary tells, those that the film has;
recall: of the film's, those that are told.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("av", "vllm")

from pipeline.passes.facts import COLOURS, MOTIONS, SHAPES
from scripts.benches.answers import scenes, write

TOLD = re.compile(rf"\b({COLOURS}) ({SHAPES})(?:s|es)?\b([^.]*)\.")
Fact = tuple[str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--length", choices=("short", "long"), default="short")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scenescribe-facts-") as place:
        run(Path(place), asked)


def run(place: Path, asked: argparse.Namespace) -> None:
    """Draw, describe, count."""
    chance, true = Random(asked.seed), dict[str, set[Fact]]()
    for number in range(asked.films):
        placed = scenes(chance, chance.choice((6.0, 9.0, 12.0)))
        true[f"film{number:04}"] = {(thing.colour, thing.shape, thing.motion) for *_, scene in placed for thing in scene.things}
        write(place / f"film{number:04}.mp4", placed)
    began = time.monotonic()
    words = ["-o", str(place / "described"), "--model", "shapes", "--summarize", "--chapters", "--length", asked.length]
    subprocess.run([sys.executable, "-m", "pipeline.cli", "caption", str(place), *words, "-q"], check=True)
    took = time.monotonic() - began
    summary, chapters = [0, 0, 0], [0, 0, 0]
    for name, facts in true.items():
        written = json.loads((place / "described" / f"{name}.summary.json").read_text(encoding="utf-8"))
        for counts, sentences in (
            (summary, written["sentences"]),
            (chapters, [sentence for chapter in written["chapters"] for sentence in chapter["sentences"]]),
        ):
            found = told(" ".join(sentence["text"] for sentence in sentences))
            for place_of, number in enumerate((len(found & facts), len(found - facts), len(facts - found))):
                counts[place_of] += number
            if counts is summary and found - facts:
                print(f"{name}: tells {sorted(found - facts)}, which the film does not have; it has {sorted(facts)}")
    print(f"{asked.films} films described and summarized in {took:.0f} s, the engine's start included")
    for name, (right, wrong, missed) in (("summary", summary), ("chapters", chapters)):
        print(
            f"{name}: {right} facts told, {wrong} that the film does not have, {missed} missed:"
            f" precision {right / max(1, right + wrong):.4f}, recall {right / max(1, right + missed):.4f}"
        )


def told(text: str) -> set[Fact]:
    """What sentences of the composed summary tell."""
    return {(colour, shape, motion) for colour, shape, rest in TOLD.findall(text) for motion in MOTIONS if motion in rest}


if __name__ == "__main__":
    main()
