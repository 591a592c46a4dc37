"""Reading a stream that does not end: our side of its process, and what both sides have in common.

feed       starts the process (pipeline.video.decode.live_worker), hands over what it says
talk ring  messages; pictures in shared memory, the newest over the oldest
timeline   media time without wraps and jumps       sampling   which pictures are kept
"""
