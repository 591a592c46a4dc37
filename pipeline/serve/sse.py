"""What all streams of events have in common."""

from fastapi.sse import format_sse_event

PING = format_sse_event(comment="ping")
EVERY = 15.0
"""seconds of silence after which a comment is sent: proxies cut what is silent"""
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
