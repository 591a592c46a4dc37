"""The langcodes door: language tags as the command line takes them and as containers and prompts want them."""

from pipeline.errors import UsageError

USUAL = "en"
"""what is asked for where nothing is said: known without the tables, which take 0.2 s to load"""
LONGEST = 100
"""characters of a tag: the longest that RFC 5646 makes an example of has 35"""


def check_tag(tag: str) -> str:
    """The tag in its standard form (``PT-br`` -> ``pt-BR``). Raises UsageError ``bad_language``."""
    if len(tag) > LONGEST:
        raise UsageError("bad_language", f"'{tag[:20]}...' is no language tag: it has {len(tag):,} characters", tag=tag[:LONGEST])
    if standard := _standard(tag):
        return standard
    raise UsageError(
        "bad_language", f"'{tag}' is no language tag{_meant(tag)}; write it as BCP 47 has it: en, de, pt-BR, zh-Hans", tag=tag
    )


def _standard(tag: str) -> str:
    """A tag in its standard form; empty where it is none, or has a part that is not registered."""
    if tag == USUAL:
        return tag
    import langcodes

    try:
        language = langcodes.Language.get(tag)
        return str(language.to_tag()) if language.is_valid() else ""
    except (langcodes.tag_parser.LanguageTagError, ValueError):
        return ""


def _meant(name: str) -> str:
    """``, did you mean 'de'?`` for the name of a language: German, Deutsch."""
    tag = _named(name)
    return f", did you mean '{tag}'?" if tag else ""


def _named(name: str) -> str:
    """The tag of a language by its name, in English or its own; empty where no language is called so."""
    import langcodes

    if not name.isprintable() or len(name) > 40:  # the list of names is looked through again and again for a long one
        return ""
    try:
        return str(langcodes.find(name).to_tag())
    except (LookupError, UnicodeError, SystemError):  # names are looked for as bytes, and some are none
        return ""


def told(word: str) -> str:
    """The tag of a language as a file of others tells it: by a tag, of which what the standard does not know is left out (``en-US-US``), or
    by a name (``English``); empty where it tells none."""
    word = word[: LONGEST + 1].strip()
    if word in ("", "und") or len(word) > LONGEST:
        return ""
    if whole := _standard(word) or _named(word):
        return whole
    parts = word.replace("_", "-").split("-")[:8]
    return next((tag for n in range(len(parts) - 1, 0, -1) if (tag := _standard("-".join(parts[:n])))), "")


def english_name(tag: str) -> str:
    """``pt-BR`` -> ``Brazilian Portuguese``, for the prompt."""
    import langcodes

    return str(langcodes.Language.get(tag).display_name())


def alpha3(tag: str) -> str:
    """``pt-BR`` -> ``por``: ISO 639-2/T, all that an MP4 can say; ``und`` where there is none."""
    import langcodes

    try:
        return str(langcodes.Language.get(tag).to_alpha3(variant="T"))
    except (LookupError, ValueError):  # of what is no tag
        return "und"


def answered_in(prompt: str, language: str) -> str:
    """The prompt, with the wish for another language than English, in which prompts are written."""
    return prompt if language.split("-")[0] == "en" else f"{prompt} Answer in {english_name(language)}."
