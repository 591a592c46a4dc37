"""Makes a torchvision that was built for CUDA importable beside a CPU-only torch.

PyPI's torchvision wheels carry a compiled extension for CUDA. Beside a CPU build of torch that extension does not load, and
``import torchvision`` ends with ``operator torchvision::nms does not exist``: its Python part registers shape rules for
operators that the extension would have declared. vLLM's LLaVA and most video processors import torchvision, in child
processes too, and use only what it has in Python (transforms v2). Declaring the two operators first is all it takes.

``scripts/setup`` runs this file only where ``import torchvision`` fails with that message:

    python scripts/torchvision_repair.py        copies this file into the environment, with a one-line .pth beside it that
                                                imports it at the start of every process, and checks that it helped

Imported by that .pth, it costs nothing until torchvision is imported. To undo it, delete the two files that it names.
"""

import sys

NAME = "_scenescribe_torchvision_repair"


class _DeclareOperatorsFirst:  # importlib.abc's base class would cost every process 40 ms of imports
    """Steps in front of the import of torchvision, once, and leaves the import itself to the others."""

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            import torch

            library = torch.library.Library("torchvision", "FRAGMENT")
            for name in ("nms", "qnms"):
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            globals()["_keep"] = library  # the declarations end with the object that made them


def install() -> None:
    """Put this file and its .pth into the running environment, and check that torchvision imports now."""
    import subprocess
    import sysconfig
    from pathlib import Path

    site = Path(sysconfig.get_paths()["purelib"])
    (site / f"{NAME}.py").write_text(Path(__file__).read_text())
    (site / f"{NAME}.pth").write_text(f"import {NAME}\n")
    subprocess.run([sys.executable, "-c", "import torchvision.transforms.v2"], check=True)
    print(f"torchvision repaired for a CPU torch: {site / NAME}.py and .pth")


if __name__ == "__main__":
    install()
elif __name__ == NAME:
    sys.meta_path.insert(0, _DeclareOperatorsFirst())
