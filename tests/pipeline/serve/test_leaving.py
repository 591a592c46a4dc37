"""A service that is told to stop begins nothing more."""

from pathlib import Path
from typing import Any

import pytest
from patience import comes
from serving import running


def test_a_job_that_is_claimed_while_the_service_is_told_to_stop_waits_for_the_next_start(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "state") as one:
        service, claimed = one.service, list[Any]()
        real = service.jobs.claim

        def claim(lease: float) -> Any:
            if (job := real(lease)) is not None:
                claimed.append(job)
                one.loop.call_soon_threadsafe(service.leave)
                assert comes(lambda: service.worker._stopping)
            return job

        monkeypatch.setattr(service.jobs, "claim", claim)
        job = one.job(one.upload(film)["id"])["id"]
        assert comes(lambda: service._helpers[0].done()), "no more jobs are looked for"
        assert [one.id for one in claimed] == [job]
        assert service.jobs.get(job).status == "queued"
    with running(tmp_path / "state") as one:
        assert one.done(job)["status"] == "completed"
