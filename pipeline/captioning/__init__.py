"""Windows in, captions out, in order, in bounded memory.

recipe.py       all that a caption depends on beside its pictures: pure data
prompt.py       a window and a recipe -> the request
captioning.py   windows -> captions
answers.py      guards on what a model says
unchanged.py    does a window look like the one before it?
tally.py        what it took
"""
