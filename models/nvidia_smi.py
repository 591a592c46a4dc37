"""THE nvidia-smi door: what the driver's own tool says of the GPUs, without starting CUDA."""

import subprocess


def query(*fields: str, units: bool = False) -> list[list[str]]:
    """A row for each NVIDIA GPU, its values in the order of ``fields``; empty where there is none, or no driver answers within 20 s.

    ``fields`` are those of ``nvidia-smi --help-query-gpu``. Memory is in MiB; ``units`` leaves the unit behind the number.
    """
    form = "csv,noheader" if units else "csv,noheader,nounits"
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", f"--format={form}"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    rows = [[value.strip() for value in line.split(",")] for line in said.splitlines()]
    return [row for row in rows if len(row) == len(fields)]
