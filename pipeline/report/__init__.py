"""``--report report.html``: one page a run that shows what was seen and said, and what held it back.

run -> Recorder (beside the display: thumbnails, results, what was in flight) -> Page -> one self-contained HTML file
"""

from pipeline.report.page import check, write
from pipeline.report.recorder import Recorder

__all__ = ["Recorder", "check", "write"]
