"""Our side of the decoding processes, and what both sides speak: who reads which segment, messages, shared memory."""
