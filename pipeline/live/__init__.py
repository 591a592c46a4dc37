"""Streams that never end, described while they go on.

address     what SOURCE means: a scheme, who opens it, how it is shown without its password
feed        our side of the reading process; playlist, fetch, bridge, tail: what is read for it where it may not connect itself
timeline    media time without wraps and jumps (in the reading process); utc: when a picture was taken, as the sender says
windows     where a description begins and ends; mailbox: one window waits, the newest wins; control: what gives way first
ledger      described + unchanged + gap + offline = the time that went by
stream      one source, through losses; station: many of them on one engine
outputs/    who is told: lines, subtitles, pages, recordings; each slow or broken for itself alone

packets -> [child: drain, decode, ring] -> frames -> window -> mailbox -> engine -> ledger -> events -> outputs
"""
