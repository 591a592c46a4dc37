"""The options of ``scenescribe annotate`` beside those of every command that asks a model."""

from typing import Annotated, ClassVar, Literal

from annotated_types import Gt
from pydantic import AfterValidator

from pipeline.options.base import Positive, option
from pipeline.options.caption import MODEL, OUTPUT, RUN, SAMPLING, Asking, Settings
from pipeline.options.spread import ENGINE, Spread
from pipeline.shard import check_shard, parsed

DATA = "Data"
"""a panel of ``--help``"""


def check_extension(text: str) -> str:
    """Raises ValueError where a file can't be called so beside a picture."""
    if not text.startswith(".") or "/" in text or len(text) < 2 or len(text) > 40:
        raise ValueError("an extension begins with a dot, such as .txt or .caption")
    return text


class AnnotateSettings(Asking, Spread):
    """What ``scenescribe annotate`` is told."""

    panels: ClassVar[tuple[str, ...]] = (DATA, OUTPUT, MODEL, SAMPLING, ENGINE, RUN)

    image_column: str | None = option(
        None, DATA, "Of Parquet: the column with pictures as bytes; found by itself where one can be meant."
    )
    url_column: str | None = option(None, DATA, "Of Parquet: the column with addresses (https) of pictures.")
    key_column: str | None = option(None, DATA, "Of Parquet: the column that names each row; key, id or its place otherwise.")
    keep_columns: str | None = option(None, DATA, "Of tables: columns, by commas, that go through to the rows.")
    limit: Positive | None = option(None, DATA, "Describe the first N pictures alone, to try things out.")
    unit: Positive = option(1000, DATA, "Pictures that are kept at once: what a killed run has to do again, at most.")
    allow_host: tuple[str, ...] = option(
        (), DATA, "A host of your own network that addresses in tables may name; may be repeated."
    )
    storage_option: tuple[str, ...] = option(
        (), DATA, "KEY=VALUE for s3://, gs://, az:// (endpoint, region, ...); may be repeated."
    )
    spool_gb: Annotated[float, Gt(0)] = option(
        50.0, DATA, "GiB of films of such storages that lie in the temporary folder at once."
    )

    output_dir: str | None = option(None, OUTPUT, "Where the data set is written: a folder, s3://, gs:// or az://.", "-o")
    format: str = option(
        "parquet", OUTPUT, "parquet, jsonl, webdataset, coco, txt (beside each picture), imagefolder; by commas, or all.", "-f"
    )
    caption_extension: Annotated[str, AfterValidator(check_extension)] = option(
        ".txt", OUTPUT, "Of --format txt: what the file beside a picture is called."
    )
    overwrite: bool = option(False, OUTPUT, "Replace files of others that lie where ours go (txt, jsonl, coco).")
    retry_failed: bool = option(False, OUTPUT, "Also ask again what failed in an earlier run.")

    detail: Literal["low", "high"] = option(
        "low", MODEL, "How finely a picture is shown: one view (low), or in tiles (high), at 7 to 30 times the tokens."
    )
    shard: Annotated[str, AfterValidator(check_shard)] = option(
        "1/1", ENGINE, "I/N: this is the I-th of N processes that share the work; it does its part first, then helps the others."
    )
    cluster: str | None = option(None, ENGINE, "Hosts on the nodes of a Ray cluster: auto, local or HOST:PORT (extra ray).")
    insecure_cluster: bool = option(False, ENGINE, "Another machine's cluster, though it asks for no token.")
    decode_workers: Positive | None = option(None, RUN, "Processes that decode; from the cores where it is not given.")

    @property
    def part(self) -> tuple[int, int]:
        """``shard`` as numbers."""
        return parsed(self.shard)

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the columns that go through."""
        return tuple(dict.fromkeys(name.strip() for name in (self.keep_columns or "").split(",") if name.strip()))

    def describing(self) -> Settings:
        """The same wishes as those of films, so that a model and an engine are made of them in the same way."""
        common = {name: getattr(self, name) for name in (*Asking.model_fields, *Spread.model_fields, "decode_workers")}
        return Settings(**common, decode="cpu")
