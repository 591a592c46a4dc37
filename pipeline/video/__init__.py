"""From a file to windows of frames: ``probe.probe`` says what a film is, ``film.open_film`` reads it in child processes.

film.py  probe.py       what others call; sampling.py chooses frames, table.py lists all of a film, damage.py tells what is lost
children/               our side of the decoding processes: pool, messages, segments, shared memory
decode/                 their side; the only room with av and cv2, which nothing outside it imports
cuts/                   where shots begin, as pure functions of pictures and of packets' sizes
"""
