"""What a reason code means for a job of the watch folder: tried again, ended, or no failure at all."""

FINAL = frozenset({
    "empty_file", "unsupported_or_corrupt", "unsupported_format", "not_a_video", "not_a_regular_file", "no_video_stream", "no_decoder",
    "frame_too_large", "output_exists", "settings_differ",
})  # fmt: skip
"""verdicts that another try would not change while the file is what it is"""
DAMAGED = "damaged"
"""why a film is done of which pictures are missing: nothing of it is asked again, unlike where windows were refused"""
MOVED_ON = {"source_changed": "changed", "not_found": "vanished"}
"""not failures: the file is taken again when it is there and stands still"""
