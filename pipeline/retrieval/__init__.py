"""Where in which film something is seen: an index over finished captions.

    *.descriptions.json  ->  documents, captions  ->  words (FTS5, BM25)      -> hits, best first
                                              `-->  vectors (by meaning)     /

The index is a copy, kept in the state folder: it is brought up to date with the files at each search, and made anew where it is lost.
"""
