"""The service: films, jobs, tracks and questions over HTTP, for programs, for people and for media servers, on one engine.

    request -> doors (host, origin, key, size) -> routes -> films, jobs (SQLite) -> worker -> pipeline.describe
                                                        `-> Engine, with the priority of a question

``service.py`` holds what lives as long as the process; ``app.py`` is the door to FastAPI; ``routes/`` has a file for each noun.
"""
