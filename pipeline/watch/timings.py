"""All that the daemon waits for, in seconds. Tests and soaks hurry; nobody else has a reason to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """The defaults are the daemon's."""

    stop: float = 8.0
    """for an orderly end, of the ten that are promised"""
    grace: float = 3.0
    """of these, in which what is nearly done may still be done"""
    tick: float = 1.0
    """between two looks at the queue where nothing happens"""
    retry: tuple[float, ...] = (2.0, 15.0, 120.0)
    """before the second, third and further tries of a film"""
    probe_first: float = 2.0
    """until a film is tried after something was in the way of all; twice as long each time it still is"""
    probe_longest: float = 60.0
    remind: float = 60.0
    """between two lines about what is waited for"""
    deliveries_pause: float = 1.0
    """between two looks at the outbox where nothing is in it"""
    deliveries_retry: tuple[float, ...] = (10.0, 60.0, 300.0, 900.0, 3500.0)
    """between tries of a delivery; the last one again and again"""
    deliveries_last: float = 30.0
    """that --once waits for webhooks and commands"""
    folder_gone: float = 5.0
    """between looks for a folder that is not there"""
