"""``annotate``: see tests/support/annotated.py."""

from annotated import annotate as annotate
