"""Files of the state folder that a disk has damaged: told, shown without, made anew; never a fault of ours."""

from pathlib import Path

from serving import running


def test_what_is_damaged_is_told_and_made_anew(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state") as service:
        id = service.upload(film)["id"]
        assert service.done(service.job(id, "chapters")["id"])["status"] == "completed"
        (summary,) = (tmp_path / "state/films" / id / "en").glob("*.summary.json")
        whole = summary.read_bytes()
        summary.write_bytes(whole[: len(whole) // 2])
        assert service.client.get(f"/films/{id}").status_code == 200
        job = service.done(service.job(id, "chapters")["id"])
        assert (job["status"], job["error"]) == ("completed", None)
        assert service.client.get(f"/v1/films/{id}/summary.json").json()["kind"] == "summary"
        (captions,) = summary.parent.glob("*.descriptions.json")
        captions.write_bytes(b"\xff\xfe" + captions.read_bytes())
        answer = service.client.get(f"/v1/films/{id}/tracks/descriptions.en.vtt")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_json")
        job = service.done(service.job(id, overwrite=True)["id"])
        assert (job["status"], job["error"]) == ("completed", None)
        assert service.client.get(f"/v1/films/{id}/tracks/descriptions.en.vtt").status_code == 200
