"""Text made from captions, after them: each pass is one file."""
