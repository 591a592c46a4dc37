"""Ports of tests: nobody else of a run gets the same."""

import pytest
from ports import free_port


def test_each_process_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[int]] = []
    for worker in range(3):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{worker}")
        monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
        found.append([free_port() for _ in range(40)])
    assert [{port // 2 % 3 for port in ports} for ports in found] == [{0}, {1}, {2}]
    every = [port for ports in found for port in ports]
    assert len(set(every)) == len(every) == 120
    assert all(port % 2 == 0 and 12_000 <= port < 32_000 for port in every)
