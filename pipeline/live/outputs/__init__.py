"""Who is told of live events. Each has a bounded queue of its own: a slow one loses its oldest and says so, and slows nobody.

lines       JSON on stdout or in a file, or text for people
journal     DIR/NAME.events.jsonl, and at the end the description of the whole: JSON, SRT, WebVTT
hls         rolling WebVTT as a rendition beside the picture
page        server-sent events, the newest text, a page, health and metrics
webhook     signed POSTs
recording   the picture as it came, in files that the other commands read
"""
