"""The options of ``caption`` and ``watch``, made from the fields of their settings: each is written once, in ``pipeline/options``."""

import inspect
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from pipeline.cli.help import MOST
from pipeline.options.base import Options


def with_options(
    cls: type[Options], *, most: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator: the command's keyword-only parameters are the settings' fields, after those it has itself; those of ``most`` are
    the options that matter first, those of ``without`` are none of this command's.

    The function is called with its own parameters and ``flags``, a dictionary of the fields that were given on the command line.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "flags"]
        order = [*most, *(name for name in cls.ordered() if name not in most and name not in without)]
        options = [_parameter(name, cls.model_fields[name], MOST if name in most else None) for name in order]

        def run(**values: Any) -> None:
            flags = {name: values.pop(name) for name in order}
            command(**values, flags={name: value for name, value in flags.items() if value not in (None, [])})

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = inspect.Signature(own + options)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in own + options}
        return run

    return decorate


def _parameter(name: str, field: FieldInfo, panel: str | None = None) -> inspect.Parameter:
    extra = typing.cast(dict[str, Any], field.json_schema_extra)
    flag = "--" + name.replace("_", "-")
    names = list(dict.fromkeys([*extra["flags"], flag]))
    if field.annotation is bool:
        names = [*extra["flags"], f"{flag}/--no-{name.replace('_', '-')}"]
    quiet = field.default in (None, (), "") or field.annotation is bool
    description = field.description if quiet else f"{field.description} [{field.default}]"
    option = typer.Option(*names, help=description, rich_help_panel=panel or extra["panel"], show_default=False)
    # No default here: a flag that is not given must not hide what the environment or a file says.
    empty: Any = None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=empty, annotation=Annotated[_type(field.annotation), option]
    )


def _type(annotation: Any) -> Any:
    """The type that the command line parses: numbers are checked further by the settings."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        if any(isinstance(part, BeforeValidator) for part in get_args(annotation)):  # it reads the text itself
            return str | None
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return str | None
    if get_origin(annotation) is tuple:
        return list[str] | None
    return {int: int | None, float: float | None, bool: bool | None, Path: Path | None}.get(annotation, str | None)
