"""Nothing heavy is imported before it is needed: ``scenescribe --help`` and ``scenescribe models`` stay quick."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "vllm", "transformers", "httpx", "openai", "huggingface_hub", "PIL", "tenacity")


def test_engines_presets_and_options_import_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from models.engines import open_captioner\n"
        "from models.options import EngineOptions\n"
        "from models.presets import names, preset\n"
        "from models.engines.vllm.args import argument_names\n"
        "presets = [preset(name) for name in names()]\n"
        "open_captioner('vllm', presets[0], EngineOptions(extra={'enforce_eager': True}))\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


def test_a_studio_of_one_engine_imports_no_fleet_and_no_table_of_languages() -> None:
    code = (
        "import sys\n"
        "from pipeline.options.caption import Settings\n"
        "from pipeline.studio import Studio\n"
        "Studio(Settings(engine='echo'))\n"
        f"heavy = {(*HEAVY, 'langcodes', 'structlog', 'pipeline.fleet.fleet', 'pipeline.options.serve', 'sqlite3')!r}\n"
        "print(*[name for name in heavy if name in sys.modules])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""
