"""Voices: text into sound. One file each (docs/extending.md); they run in a child process (pipeline.speech.voice)."""
