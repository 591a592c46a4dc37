"""Several hosts on one machine, and one coordinator from which they pull work: as many engines as there are GPU groups.

    caption, watch -> Fleet -> Coordinator -> RemoteHost ==socket== python -m pipeline.fleet.host -> Host: engine, decoders
                                 queue          one a process          units -> captions

placement.py    how many hosts, on which GPUs and cores        gpus.py, cores.py   what this machine has
units.py        what is handed out: a film, or a stretch of a long one
messages.py     all that coordinator and host say to each other
coordinator.py  who gets which unit, and what becomes of those whose host died
remote.py       one host, seen from the coordinator            local.py    starts it as a child process
host.py         the host's own process
stream.py       a film's units joined to one stream of captions    engine.py    the hosts as one engine
fleet.py        all of it as a Host, for ``pipeline.studio``
"""
