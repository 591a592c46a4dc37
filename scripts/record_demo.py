"""Records a terminal in which commands really run, as one animated SVG without scripts.

    pip install pyte
    python scripts/record_demo.py docs/images/demo.svg              the README's recording (the embedded model on the real engine)
    python scripts/record_demo.py out.svg --engine echo             the same without a model, in seconds

pseudo-terminal -> (time, bytes) -> pyte's screen after each change -> frames, unequal neighbours alone -> SVG and CSS
"""

import argparse
import html
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

ROOT = Path(__file__).parents[1]
COLUMNS, ROWS = 100, 24
CELL, LINE, EDGE = 8.4, 18, 16
"""pixels: a character's width, a line's height, room around"""
LONGEST = 1.6
"""seconds of stillness that are kept: a model that loads is not watched"""
TYPING, AFTER = 0.035, 2.5
"""seconds a typed character, and after the last command"""
COLOURS = {
    "default": "#d8dbe2", "black": "#6b7280", "red": "#f28b82", "green": "#81c995", "brown": "#e3b04b", "yellow": "#e3b04b",
    "blue": "#8ab4f8", "magenta": "#d7aefb", "cyan": "#78d9ec", "white": "#f1f3f4",
}  # fmt: skip

Line = tuple[tuple[str, str, bool], ...]
"""runs of one colour: text, colour, bold"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--engine", default="vllm")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "films").mkdir()
        for name in ("first.mp4", "wide.mp4"):
            shutil.copy(ROOT / "samples" / name, place / "films")
        engine = "" if arguments.engine == "vllm" else f" --engine {arguments.engine}"
        commands = [
            f"scenescribe caption films -o out --model shapes{engine}",
            "head -n 7 out/first.descriptions.en.srt",
            "scenescribe export out/first.descriptions.json --format ass,ttml",
            "ls out",
        ]
        frames = record(commands, place)
    arguments.out.write_text(svg(frames), encoding="utf-8")
    seconds = sum(length for _, length in frames)
    print(f"{arguments.out}: {len(frames)} frames, {seconds:.0f} s, {arguments.out.stat().st_size / 1000:.0f} kB")


def record(commands: list[str], cwd: Path) -> list[tuple[tuple[Line, ...], float]]:
    """Run the commands one after the other on one terminal; each screen, and how long it stood."""
    import pyte

    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    stamped: list[tuple[float, tuple[Line, ...]]] = []
    now = 0.0

    def show(data: bytes, pause: float) -> None:
        nonlocal now
        stream.feed(data)
        now += min(pause, LONGEST)
        stamped.append((now, lines_of(screen)))

    for command in commands:
        show(b"\x1b[32m$\x1b[0m ", 0.4)
        for letter in command:
            show(letter.encode(), TYPING)
        show(b"\r\n", 0.4)
        for data, pause in output(command, cwd):
            show(data, pause)
        show(b"", 1.2)
    show(b"", AFTER)

    frames: list[tuple[tuple[Line, ...], float]] = []
    for (at, lines), following in zip(stamped, [*(at for at, _ in stamped[1:]), now + AFTER], strict=True):
        if frames and (frames[-1][0] == lines or frames[-1][1] < 0.03):
            before = frames.pop()
            frames.append((lines, before[1] + following - at))
        else:
            frames.append((lines, following - at))
    # a live display draws the same again and again: stillness is what is seen
    return unwatched([(lines, min(length, LONGEST)) for lines, length in frames[:-1]] + frames[-1:])


def unwatched(frames: list[tuple[tuple[Line, ...], float]]) -> list[tuple[tuple[Line, ...], float]]:
    """Without most of the time in which a model loads: its display counts seconds, so it is never still."""
    kept: list[tuple[tuple[Line, ...], float]] = []
    loading = 0.0
    for lines, length in frames:
        if any("loading the model: " in "".join(text for text, _, _ in line) for line in lines):
            length = min(length, 2 * LONGEST - loading)
            loading += length
            if length <= 0:
                continue
        kept.append((lines, length))
    return kept


def output(command: str, cwd: Path) -> "list[tuple[bytes, float]]":
    """What a command writes to its terminal: (bytes, seconds since the bytes before)."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "LINES": str(ROWS),
        "HOME": str(cwd),
    }
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(["bash", "-c", command], cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    pieces, last = [], time.monotonic()
    while True:
        if not select.select([ours], [], [], 0.5)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        pieces.append((data, time.monotonic() - last))
        last = time.monotonic()
    os.close(ours)
    if process.wait():
        sys.exit(
            f"{command}: exit code {process.returncode}\n" + b"".join(data for data, _ in pieces)[-1500:].decode(errors="replace")
        )
    return pieces


def lines_of(screen: Any) -> tuple[Line, ...]:
    """The screen as lines of coloured runs, without the blank ends."""
    found = []
    for row in range(ROWS):
        runs: list[tuple[str, str, bool]] = []
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            style = (COLOURS.get(cell.fg, f"#{cell.fg}" if len(cell.fg) == 6 else COLOURS["default"]), cell.bold)
            if runs and runs[-1][1:] == style:
                runs[-1] = (runs[-1][0] + cell.data, *style)
            else:
                runs.append((cell.data, *style))
        while runs and not runs[-1][0].strip():
            runs.pop()
        if runs:
            runs[-1] = (runs[-1][0].rstrip(), *runs[-1][1:])
        found.append(tuple(runs))
    return tuple(found)


def svg(frames: list[tuple[tuple[Line, ...], float]]) -> str:
    """All frames one below the other, shown one at a time by an animation in steps; equal lines are drawn once and used again."""
    width, height = round(COLUMNS * CELL + 2 * EDGE), ROWS * LINE + 2 * EDGE
    total = sum(length for _, length in frames)
    names: dict[Line, str] = {}
    for lines, _ in frames:
        for line in filter(None, lines):
            names.setdefault(line, f"l{len(names)}")
    drawn = "".join(f'<text id="{name}">{spans(line)}</text>' for line, name in names.items())
    shown, steps, at = [], [], 0.0
    for number, (lines, length) in enumerate(frames):
        rows = "".join(f'<use href="#{names[line]}" y="{(row + 1) * LINE - 4}"/>' for row, line in enumerate(lines) if line)
        shown.append(f'<g transform="translate({EDGE} {number * height + EDGE})">{rows}</g>')
        steps.append(f"{100 * at / total:.3f}%{{transform:translateY(-{number * height}px)}}")
        at += length
    steps.append(f"100%{{transform:translateY(-{(len(frames) - 1) * height}px)}}")
    still = "#f{animation:none}"  # the last frame, as where nothing moves
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="A terminal: films are described, subtitles are shown and exported">\n'
        f"<style>text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}"
        f"#f{{transform:translateY(-{(len(frames) - 1) * height}px);animation:f {total:.2f}s steps(1,end) infinite}}@keyframes f{{{''.join(steps)}}}"
        f"@media (prefers-reduced-motion:reduce){{{still}}}</style>\n"
        f'<defs>{drawn}</defs><rect width="{width}" height="{height}" rx="10" fill="#1b1e24"/>\n'
        f'<svg width="{width}" height="{height}"><g id="f">{"".join(shown)}</g></svg>\n</svg>\n'
    )


def spans(line: Line) -> str:
    """The runs of a line, each at its own column, whatever font the viewer has."""
    parts, column = [], 0
    for text, colour, bold in line:
        if text.strip():
            lead = len(text) - len(text.lstrip())
            weight = ' font-weight="bold"' if bold else ""
            x, length = (column + lead) * CELL, len(text.strip()) * CELL
            parts.append(
                f'<tspan x="{x:.1f}" textLength="{length:.1f}" fill="{colour}"{weight}>{html.escape(text.strip())}</tspan>'
            )
        column += len(text)
    return "".join(parts)


if __name__ == "__main__":
    main()
