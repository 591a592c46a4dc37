"""Whatever the schema allows is answered: never with 500, and errors in one shape. What it does not allow: scripts/soak hammer and test_chat.py."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from serving import Running

schemathesis = pytest.importorskip("schemathesis", reason="the schema's test needs schemathesis (extra dev)")


WAITING = ("/v1/jobs/{id}/events", "/hooks/{server}")
"""one waits for what happens to a job, one for a file to stand still"""


def test_no_request_is_a_fault_of_ours(service: Running) -> None:
    document = service.client.get("/openapi.json").json()
    for path in WAITING:
        del document["paths"][path]
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=service.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:

        @given(operation.as_strategy())
        @settings(max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
        def ask(case: Any) -> None:
            answer = case.call(headers={"Authorization": f"Bearer {service.key}"})
            assert answer.status_code < 500 or answer.status_code == 503, (case.method, case.path, answer.text)
            if answer.status_code >= 400 and answer.headers["content-type"][0].startswith("application/json"):
                body = answer.json()
                assert "ready" in body or set(body["error"]) == {"message", "type", "code", "param"}

        ask()
