"""Seconds as people read them."""


def clock(seconds: float, digits: int = 0) -> str:
    """A length: M:SS, or H:MM:SS from an hour on, rounded; with so many digits of a second."""
    minutes, rest = divmod(round(max(seconds, 0.0), digits), 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{rest:0{3 + digits if digits else 2}.{digits}f}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"


def moment(seconds: float) -> str:
    """A time of a film: M:SS, or H:MM:SS from an hour on; cut and not rounded, so that it lies in what it is of."""
    minutes, rest = divmod(int(max(seconds, 0.0) + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
