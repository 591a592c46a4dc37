"""Pictures that are files of their own: from bytes to pixels, in the decoding processes."""
