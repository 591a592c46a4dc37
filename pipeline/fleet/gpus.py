"""Which of the machine's GPUs a run takes, as ``--gpus`` says it."""

from collections.abc import Sequence

from models.gpus import Gpu
from pipeline.errors import UsageError


def chosen(wanted: str, there: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """``all``, how many (``2``), or which (``0,1,3``; ``3,`` is one), counted as CUDA counts them.

    Raises UsageError ``bad_value`` and ``gpu_not_found``.
    """
    text = wanted.strip().lower()
    if text == "all":
        return tuple(there)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageError("bad_value", f"--gpus {wanted}: say all, how many (2), or which ones (0,1,3)")
    # a count no further than it takes to see that so many are not there
    numbers = [_number(part) for part in parts] if "," in text else list(range(min(_number(text), len(there) + 1)))
    if not numbers:
        raise UsageError(
            "bad_value",
            f"--gpus {wanted}: say all, how many from 1, or which ones (0,1,3); one alone is its number and a comma (0,)",
        )
    if len(set(numbers)) < len(numbers):
        raise UsageError("bad_value", f"--gpus {wanted}: the same GPU is named twice; several hosts on one GPU are --hosts")
    if not there:
        raise UsageError("gpu_not_found", f"--gpus {wanted}: no GPU was found; see what scenescribe doctor says")
    if max(numbers) >= len(there):
        have = "1 GPU, number 0" if len(there) == 1 else f"{len(there)} GPUs, numbers 0 to {len(there) - 1}"
        raise UsageError("gpu_not_found", f"--gpus {wanted}: this machine has {have}", gpus=len(there))
    return tuple(there[number] for number in numbers)


def _number(digits: str) -> int:
    """What the digits say; very many of them, which Python does not read, are more GPUs than there are anywhere."""
    return int(digits) if len(digits) < 10 else 10**9
