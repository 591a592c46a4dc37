"""Questions about films and pictures, and again at once.

    inputs.py        what was named, opened: films with their captions, pictures
    looking.py       the frames that a question is shown (Shown), read from a film
    finding.py       which passages of a long film a question is about, by its captions
    wording.py       what stands between pictures and question, and questions that are answered by a time
    citing.py        the numbers that a model names become times, as its words come
    when.py          "when does X happen": each passage is asked, all at once
    talk.py          a conversation: the story on one screen

A model never writes a time: it names passages by number, and what is printed is where they stand in the film.
"""
