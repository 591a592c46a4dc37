"""Times as the page shows them."""


def clock(seconds: float, digits: int = 0) -> str:
    """M:SS, or H:MM:SS from an hour on, with tenths where asked."""
    whole = round(max(seconds, 0.0), digits)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{rest:0{3 + digits if digits else 2}.{digits}f}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"
