"""Streams by http, fetched by us: the reading process sees a pipe and has no network.

playlist   what an HLS playlist says (pure)         stamps   the first media time of a segment (pure)
hosts      who may be asked: the operator named one host, a playlist may not name another
fetch      one answer, bounded in time and size     hls, plain   what is written into the pipe
unpack     packed answers, a bounded piece at a time
proxy      the same rule for ffmpeg, which reads DASH
"""
