"""What the model said of each content under each settings: films known here are never asked about again."""

import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from pipeline import log as logs
from pipeline.store.database import Database
from pipeline.store.job_row import Job, as_bytes, as_path

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as its JSON text, and the path of the film it was described from."""

    text: str
    path: Path


class DocumentStore:
    """The table ``documents``, by content and settings. Raises what Database raises."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def has_sample(self, sample: str) -> bool:
        """Whether any film described before has this sample."""
        return bool(self._db.rows("SELECT 1 FROM documents WHERE sample=? LIMIT 1", sample))

    def find(self, content: str, settings: str) -> Stored | None:
        """What the model said about this content under these settings; None too where its row is damaged: it is asked again."""
        rows = self._db.rows("SELECT body, path FROM documents WHERE content=? AND settings=?", content, settings)
        try:
            return Stored(zlib.decompress(rows[0]["body"]).decode(), as_path(rows[0]["path"])) if rows else None
        except (zlib.error, ValueError, TypeError) as error:
            log.warning("a kept document is damaged", content=content, message=str(error))
            return None

    def keep(self, job: Job, content: str, settings: str, sample: str, text: str) -> None:
        """Keep a document: from here on its film is described, and only its files are still to be written."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO documents(content, settings, sample, path, body, made_at) VALUES(?,?,?,?,?,?)",
                (content, settings, sample, as_bytes(job.path), zlib.compress(text.encode()), time.time()),
            )
            db.execute("UPDATE jobs SET written='', ours=1 WHERE id=?", (job.id,))

    def rewriting(self, job: Job) -> None:
        """The job's files are about to be written from another document than before: until that is done they are of neither."""
        with self._db.transaction() as db:
            db.execute("UPDATE jobs SET written='', ours=1 WHERE id=?", (job.id,))
