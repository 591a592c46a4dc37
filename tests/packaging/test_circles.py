"""No module needs itself by way of others, imports inside functions counted; what is imported for types alone is not needed."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_module_needs_itself_by_way_of_others() -> None:
    modules = {_name(path): path for room in ("pipeline", "models") for path in (ROOT / room).rglob("*.py")}
    needs = {name: {module for module in _needed(path, name) if module in modules} - {name} for name, path in modules.items()}
    reached = {name: _reached(name, needs) for name in needs}
    circles = sorted(name for name in needs if name in reached[name])
    assert not circles, circles


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _reached(name: str, needs: dict[str, set[str]]) -> set[str]:
    found, waiting = set[str](), list(needs[name])
    while waiting:
        if (one := waiting.pop()) not in found:
            found.add(one)
            waiting += needs[one]
    return found


def _needed(path: Path, name: str) -> Iterator[str]:
    for node in _run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [one for one in inside if _is_module(one)]
            yield from modules
            if len(modules) < len(inside):
                yield node.module


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All that runs: not what stands under ``if TYPE_CHECKING``."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _run(other)
        else:
            yield from _run(child)
