"""``python -m pipeline.cli`` is ``scenescribe``."""

from pipeline.cli.app import main

main()
