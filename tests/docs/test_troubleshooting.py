"""Every reason code that the code can raise or warn with has its entry in docs/troubleshooting.md, and every entry a code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from models import errors as model_errors
from pipeline.types import Outcome

ROOT = Path(__file__).parents[2]
CARRIERS = {
    "InputError",
    "OutputError",
    "UsageError",
    "EnvironmentFault",
    "ScenescribeError",
    "Notice",
    "Fitted",
    "Share",
    "RequestError",
    "DeadlinePassed",
    "HttpError",
    "_broken",
    "_stays",
}
"""calls with a code in them; HttpError's follows its status, _broken's and _stays' their place; Fitted and Share hand theirs on"""
CODE = re.compile(
    r"[a-z]+(_[a-z]+)+|hdr|partial|cancelled|unreadable|unwritable|unauthorized|starting|stopping|damaged|described|changed|vanished"
)
ROOMS_OF_JOBS = ("store", "watch", "serve")
"""where jobs are told why they are as they are, by whatever call, statement of SQL or constant"""
IN_SQL = re.compile(r"\b(?:reason|code)='(\w+)'")


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Codes that a module names: constants in the calls of CARRIERS (both sides of an ``if`` too), ``code = "..."`` of classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name == "Item":  # what a listing says of one that can't be read
                yield from (code for word in node.keywords if word.arg == "reason" for code in constants(word.value))
            elif name in CARRIERS or ast.unparse(node.func) == "notes.add":
                where = [word.value for word in node.keywords if word.arg == "code"] or node.args[
                    : 1 if name not in ("Fitted", "Share", "HttpError", "_broken", "_stays") else 2
                ]
                for place in where:
                    yield from constants(place)
            for word in node.keywords:  # of an Item or a Row: what its row will say
                if word.arg == "reason" and name in ("Item", "Row", "replace"):
                    yield from constants(word.value)
        elif isinstance(node, ast.Dict):  # of an answer over HTTP
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield from (code for code in constants(value) if CODE.fullmatch(code))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":  # of a class, or before the call
            yield from (code for code in constants(node.value) if CODE.fullmatch(code))


def constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


def job_codes_in(tree: ast.AST, named: dict[str, set[str]]) -> Iterator[str]:
    """Codes that a module gives to jobs: ``reason`` and ``code`` of any call, of assignments and in SQL."""
    for node in ast.walk(tree):
        places = list[ast.expr]()
        if isinstance(node, ast.Call):
            places = [word.value for word in node.keywords if word.arg in ("reason", "code")]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(node.targets[0].elts, node.value.elts, strict=False)
            places = [value for target, value in pairs if ast.unparse(target) in ("reason", "code")]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from IN_SQL.findall(node.value)
        for place in places:
            for word in (place.body, place.orelse) if isinstance(place, ast.IfExp) else (place,):
                name = word.value if isinstance(word, ast.Subscript) else word
                yield from named.get(name.id, ()) if isinstance(name, ast.Name) else constants(word)


def named_in(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """A module's own names of texts, and of tables whose values are texts."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            texts = {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
            if texts and node.targets[0].id.isupper():
                yield node.targets[0].id, texts


def all_codes() -> set[str]:
    found = {f"answer_{outcome}" for outcome in (Outcome.EMPTY, Outcome.REPEATED, Outcome.TRUNCATED)}
    for package in ("pipeline", "models"):
        for path in (ROOT / package).rglob("*.py"):
            found |= set(codes_in(ast.parse(path.read_text(encoding="utf-8"))))
    rooms = [
        ast.parse(path.read_text(encoding="utf-8")) for room in ROOMS_OF_JOBS for path in (ROOT / "pipeline" / room).rglob("*.py")
    ]
    types = ast.parse((ROOT / "pipeline/types.py").read_text(encoding="utf-8"))
    named = {name: texts for tree in (types, *rooms) for name, texts in named_in(tree)}
    return found.union(*(job_codes_in(tree, named) for tree in rooms))


def entries() -> dict[str, str]:
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    parts = re.split(r"^### `([a-z_]+)`\n", page, flags=re.MULTILINE)[1:]
    assert len(parts[::2]) == len(set(parts[::2])), "each code once"
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_codes_are_codes() -> None:
    assert sorted(code for code in all_codes() if not CODE.fullmatch(code)) == []


def test_every_code_has_its_entry_and_every_entry_a_code() -> None:
    codes, written = all_codes(), entries()
    assert sorted(codes - set(written)) == [], "write an entry in docs/troubleshooting.md"
    assert sorted(set(written) - codes) == [], "nothing raises these"
    assert min(len(text.strip()) for text in written.values()) > 20


def test_the_collector_sees_what_there_is() -> None:
    assert {
        "not_found",
        "ffmpeg_failed",
        "text_dropped",
        "output_gone",
        "answer_empty",
        "crashed_daemon",  # in SQL, of the watch folder's jobs, and of a call, of the service's
        "same_content",  # in an assignment
        "vanished",  # in a table
        "damaged",  # by a name
        model_errors.EngineDead.code,
    } <= all_codes()
