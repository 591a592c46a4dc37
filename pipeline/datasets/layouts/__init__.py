"""Formats of a finished data set: a family, one file each, whose name ``--format`` has. Made from committed rows, at any time again."""
