"""Scenescribe's pictures and words: captioners that turn frames and a prompt into text. Knows nothing of time."""
