"""What an option is, and where its value comes from: the command line, the environment, files, all by the same name.

Precedence: flags, then ``SCENESCRIBE_*``, then the file of ``--config``, then the user's ``scenescribe.toml``, then defaults.
"""

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from annotated_types import Gt, Le
from platformdirs import user_config_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from models.toml import read_tables
from pipeline.errors import UsageError, nearest

ENV_PREFIX = "SCENESCRIBE_"


def option(default: Any, panel: str, help: str, *flags: str) -> Any:
    """A field that is an option: its panel of ``--help``, its one line of help, and flags beside ``--field-name``."""
    return Field(default, description=help, json_schema_extra={"panel": panel, "flags": list(flags)})


def flag_of(cls: "type[Options]", name: str) -> str:
    """What a field is called on the command line: ``--from`` where it has a long flag of its own, else its name."""
    field = cls.model_fields.get(name)
    extra = field.json_schema_extra if field is not None else None
    flags: Any = extra.get("flags", ()) if isinstance(extra, dict) else ()
    return next((str(flag) for flag in flags if str(flag).startswith("--")), "--" + name.replace("_", "-"))


def on_this_machine(folder: Path) -> Path:
    """The folder; refused where it is an address, which would become a folder called ``s3:``. Raises ValueError."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(folder)):
        raise ValueError("write to a folder of this machine; scenescribe export writes finished captions to a storage")
    return folder


def place(given: object) -> object:
    """A folder of this machine as a path, an address (``s3://bucket/out``) as text. Raises ValueError."""
    if isinstance(given, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", given) and not given.lower().startswith("file://"):
        return given
    path = Path(re.sub(r"^file://", "", given, flags=re.IGNORECASE)) if isinstance(given, str) else given
    if isinstance(path, Path) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        raise ValueError("an address has two slashes, and is given as a text")
    return path


LocalFolder = Annotated[Path, AfterValidator(on_this_machine)]
OutputPlace = Annotated[Path | str, BeforeValidator(place)]
"""a folder of this machine, or the address of one elsewhere"""
MOST = 1_000_000_000
"""no number of an option is larger: what is counted, waited for or multiplied by it stays a number"""
Positive = Annotated[int, Gt(0), Le(MOST)]


def first_fault(error: ValidationError) -> str:
    """What is wrong with the first value that is, as a part of a sentence."""
    fault = error.errors()[0]
    said = str(fault["msg"])
    return (
        said.removeprefix("Value error, ") if fault["type"] == "value_error" else said.lower()
    )  # ours may name what has capitals


class Options(BaseSettings):
    """What one command is told; each field is an option. Frozen: a run never changes its own settings."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", defer_build=True)
    panels: ClassVar[tuple[str, ...]] = ()
    """the order of its panels of ``--help``, where it takes options from several classes"""

    @field_validator("*")
    @classmethod
    def is_a_number_that_can_be_meant(cls, value: Any) -> Any:
        """Not 1e308 gigabytes, nor a wait of ``inf`` seconds, which no clock takes. Raises ValueError."""
        if isinstance(value, float) and not -MOST <= value <= MOST:
            raise ValueError(f"a number up to {MOST} is wanted")
        return value

    @classmethod
    def ordered(cls) -> dict[str, FieldInfo]:
        """The fields in the order in which people read them; panels that are not named come last."""
        places = {panel: n for n, panel in enumerate(cls.panels)}

        def place(item: tuple[str, FieldInfo]) -> int:
            extra = item[1].json_schema_extra
            return places.get(str(extra["panel"]), len(places)) if isinstance(extra, dict) else len(places)

        return dict(sorted(cls.model_fields.items(), key=place))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is called with: ``load`` reads the other places itself, to know where each value came from."""
        return (init_settings,)

    def changed(self, **values: Any) -> Self:
        """A copy with these values, checked."""
        return type(self)(**{**self.model_dump(), **values})


S = TypeVar("S", bound=Options)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """Settings, and for each field the place its value came from."""

    settings: S
    origin: Mapping[str, str]


def user_file() -> Path:
    """The user's own configuration file, whether it exists or not."""
    return user_config_path("scenescribe") / "scenescribe.toml"


def load(
    cls: type[S], flags: Mapping[str, Any], config: Path | None = None, *, known: Callable[[], Collection[str]] = frozenset
) -> "Loaded[S]":
    """Settings from all places by precedence.

    A file and the environment serve all commands alike: ``known`` gives the options of the others, which are no mistake there
    and count for nothing here (``pipeline.options.names``). It is asked only where there is something that is none of ``cls``.

    Raises UsageError ``bad_config`` (a file that can't be read), ``unknown_option`` (a key that is no option) and ``bad_value``.
    """
    layers: list[tuple[str, Mapping[str, Any]]] = []
    if user_file().is_file():
        layers.append((str(user_file()), _from_file(cls, user_file(), known)))
    if config is not None:
        layers.append((str(config), _from_file(cls, config, known)))
    layers.append(("environment", _from_environment(cls, known)))
    layers.append(("flag", {key: value for key, value in flags.items() if value is not None}))

    values: dict[str, Any] = {}
    origin = dict.fromkeys(cls.model_fields, "default")
    for place, layer in layers:
        values.update(layer)
        origin.update(dict.fromkeys(layer, place))
    try:
        return Loaded(cls(**values), origin)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        place = origin.get(name, "flag")
        flag = flag_of(cls, name)
        raise UsageError(
            "bad_value",
            f"{flag} {values.get(name)!s}: {first_fault(error)}{'' if place == 'flag' else f' (from {place})'}",
            option=name,
        ) from None


def _from_environment(cls: type[Options], known: Callable[[], Collection[str]]) -> dict[str, Any]:
    own = {name.upper() for name in cls.model_fields}
    others = sorted(word for name in os.environ if (word := name.removeprefix(ENV_PREFIX)) != name and word not in own)
    every = {name.upper() for name in known()} | own if others else own
    for word in others:
        name = ENV_PREFIX + word
        # not every other one is a mistake: some are no options (SCENESCRIBE_ARCHITECTURES)
        if word not in every and (meant := nearest(word, every, alike=0.8)):
            raise UsageError("unknown_option", f"there is no option {name} (from environment){meant}", option=name)
    source = EnvSettingsSource(cls, env_prefix=ENV_PREFIX)
    found = {name: value for name, value in source().items() if name in cls.model_fields}
    if "api_key" not in found and os.environ.get("OPENAI_API_KEY"):
        found["api_key"] = os.environ["OPENAI_API_KEY"]
    return found


def _from_file(cls: type[Options], path: Path, known: Callable[[], Collection[str]]) -> dict[str, Any]:
    try:
        raw = read_tables(path)
    except OSError as error:
        raise UsageError("bad_config", f"{path}: {error.strerror or error}", path=str(path)) from None
    except ValueError as error:
        raise UsageError("bad_config", f"{path}: not valid TOML: {error}", path=str(path)) from None
    values = {key.replace("-", "_"): value for key, value in raw.items()}
    if values.keys() - cls.model_fields.keys():
        every = {*known(), *cls.model_fields}
        for key in values:
            if key not in every:
                raise UsageError("unknown_option", f"{path}: there is no option '{key}'{nearest(key, every)}", option=key)
    return {key: value for key, value in values.items() if key in cls.model_fields}
