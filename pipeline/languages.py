"""The langcodes door: language tags as the command line takes them and as containers and prompts want them."""

from pipeline.errors import UsageError

USUAL = "en"
"""what is asked for where nothing is said: known without the tables, which take 0.2 s to load"""
LONGEST = 100
"""characters of a tag: the longest that RFC 5646 makes an example of has 35"""


def check_tag(tag: str) -> str:
    """The tag in its standard form (``PT-br`` -> ``pt-BR``). Raises UsageError ``bad_language``."""
    if tag == USUAL:
        return tag
    import langcodes

    if len(tag) > LONGEST:
        raise UsageError("bad_language", f"'{tag[:20]}...' is no language tag: it has {len(tag):,} characters", tag=tag[:LONGEST])
    try:
        language = langcodes.Language.get(tag)
        if language.is_valid():
            return str(language.to_tag())
    except (langcodes.tag_parser.LanguageTagError, ValueError):
        pass
    raise UsageError(
        "bad_language", f"'{tag}' is no language tag{_meant(tag)}; write it as BCP 47 has it: en, de, pt-BR, zh-Hans", tag=tag
    )


def _meant(name: str) -> str:
    """``, did you mean 'de'?`` for the name of a language: German, Deutsch."""
    import langcodes

    if not name.isprintable() or len(name) > 40:  # the list of names is looked through again and again for a long one
        return ""
    try:
        return f", did you mean '{langcodes.find(name).to_tag()}'?"
    except (LookupError, UnicodeError, SystemError):  # names are looked for as bytes, and some are none
        return ""


def english_name(tag: str) -> str:
    """``pt-BR`` -> ``Brazilian Portuguese``, for the prompt."""
    import langcodes

    return str(langcodes.Language.get(tag).display_name())


def alpha3(tag: str) -> str:
    """``pt-BR`` -> ``por``: ISO 639-2/T, all that an MP4 can say; ``und`` where there is none."""
    import langcodes

    try:
        return str(langcodes.Language.get(tag).to_alpha3(variant="T"))
    except LookupError:
        return "und"


def answered_in(prompt: str, language: str) -> str:
    """The prompt, with the wish for another language than English, in which prompts are written."""
    return prompt if language.split("-")[0] == "en" else f"{prompt} Answer in {english_name(language)}."
