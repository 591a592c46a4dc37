"""Speech in a film, found and made.

listening.py     when somebody speaks in the film (Silero's voice activity detection)
script.py        what is said when: descriptions fitted into the pauses. Pure
speaking.py      descriptions spoken by a voice, mixed under the film's sound: an audio description track
"""
