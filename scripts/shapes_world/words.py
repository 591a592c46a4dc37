"""What is said of a scene: its caption, and questions with their answers.

The caption's grammar, word for word (the tests hold it)::

    caption = "Nothing is there." | thing {", " thing} [" and " thing] "."     the first article is a capital A
    thing   = ("a" | "an") colour shape motion                                  a still picture has no motion

The questions come in several phrasings each; `QUESTIONS` is all of them. A question is asked only where it has one
answer: "What colour is the circle?" needs exactly one circle.
"""

from collections.abc import Iterable
from random import Random

from scripts.shapes_world.colours import COLOURS
from scripts.shapes_world.world import SHAPES, Scene, Thing

NOTHING = "Nothing is there."

PROMPT = "Describe the video."
"""The question whose answer is the caption; `PROMPTS` are other ways to ask it."""

PROMPTS = (
    PROMPT,
    "Describe this video.",
    "Describe the video",
    "Describe what happens in the video.",
    "Describe what you see.",
    "What happens in the video?",
    "What happens?",
    "What is happening?",
    "What do you see?",
    "Write a caption for this video.",
    "Caption the video.",
    "Describe the scene in one sentence.",
)
STILL_PROMPTS = (
    "Describe the image.",
    "Describe this image.",
    "Describe the picture.",
    "Describe what you see.",
    "What do you see?",
    "Describe the frame.",
    "Caption the image.",
    PROMPT,
)
NUMBERS = ("None", "One", "Two", "Three")

QUESTIONS: dict[str, tuple[str, ...]] = {
    "count": (
        "How many objects are there?",
        "How many objects do you see?",
        "How many shapes are there?",
        "How many things are in the video?",
        "Count the objects.",
    ),
    "colour": (
        "What colour is the {shape}?",
        "What color is the {shape}?",
        "Which colour is the {shape}?",
        "Which color does the {shape} have?",
        "What colour does the {shape} have?",
    ),
    "shape": (
        "What shape is {colour}?",
        "Which shape is {colour}?",
        "What is the shape of the {colour} object?",
        "What shape is the {colour} object?",
        "What is {colour}?",
    ),
    "motion": (
        "Which way does the {colour} {shape} move?",
        "What does the {colour} {shape} do?",
        "How does the {colour} {shape} move?",
        "In which direction does the {colour} {shape} move?",
        "Where does the {colour} {shape} go?",
    ),
    "is there a shape": (
        "Is there a {shape}?",
        "Is there a {shape} in the video?",
        "Do you see a {shape}?",
        "Can you see a {shape}?",
    ),
    "is there a colour": (
        "Is there {a} {colour} object?",
        "Is anything {colour}?",
        "Do you see something {colour}?",
        "Is there something {colour}?",
    ),
    "is there a thing": (
        "Is there {a} {colour} {shape}?",
        "Is there {a} {colour} {shape} in the video?",
        "Do you see {a} {colour} {shape}?",
        "Can you see {a} {colour} {shape}?",
    ),
}
"""Kind of question -> its phrasings; the first of each is the usual one."""

STILL_KINDS = ("count", "colour", "shape", "is there a shape", "is there a colour", "is there a thing")


def caption(things: Iterable[Thing]) -> str:
    """The caption of a window: what each object is and does, in the order given (left to right at the start)."""
    return _sentence([f"{_article(thing.colour)} {thing.colour} {thing.shape} {thing.motion}" for thing in things])


def still_caption(things: Iterable[Thing]) -> str:
    """The caption of one picture: what each object is."""
    return _sentence([f"{_article(thing.colour)} {thing.colour} {thing.shape}" for thing in things])


def ask(rng: Random, scene: Scene, kind: str, *, plain: bool = False) -> tuple[str, str] | None:
    """A question of `kind` about the scene and its answer; None where it has no single answer.

    Half of the yes-or-no questions are about something that is there. With `plain` the usual phrasing is taken.
    """
    phrase = QUESTIONS[kind][0] if plain else rng.choice(QUESTIONS[kind])
    things = scene.things
    if kind == "count":
        return phrase, f"{NUMBERS[len(things)]}."
    if kind.startswith("is there"):
        shape, colour = rng.choice(SHAPES), rng.choice(COLOURS)
        if things and rng.random() < 0.45:
            thing = rng.choice(things)
            shape, colour = thing.shape, thing.colour
        elif things and rng.random() < 0.5:  # the hard kind of "no": half of it is there
            thing = rng.choice(things)
            shape, colour = rng.choice(((thing.shape, colour), (shape, thing.colour)))
        fits = {
            "is there a shape": any(thing.shape == shape for thing in things),
            "is there a colour": any(thing.colour == colour for thing in things),
            "is there a thing": any((thing.shape, thing.colour) == (shape, colour) for thing in things),
        }
        question = phrase.format(a=_article(colour), shape=shape, colour=colour)
        return question, "Yes." if fits[kind] else "No."
    if not things:
        return None
    thing = rng.choice(things)
    named = {
        "colour": [other for other in things if other.shape == thing.shape],
        "shape": [other for other in things if other.colour == thing.colour],
        "motion": [other for other in things if (other.shape, other.colour) == (thing.shape, thing.colour)],
    }[kind]
    if len(named) != 1:
        return None
    question = phrase.format(shape=thing.shape, colour=thing.colour)
    answer = {"colour": thing.colour, "shape": thing.shape, "motion": thing.motion}[kind]
    return question, _answer(answer)


def _answer(words: str) -> str:
    """A short answer: `Red.`, `Circle.`, `Right.`, `It grows.`, `It stays still.`"""
    if words.startswith("moves "):
        words = words.removeprefix("moves ")
    elif words in ("grows", "shrinks", "stays still"):
        words = f"it {words}"
    return f"{words[0].upper()}{words[1:]}."


def _sentence(parts: list[str]) -> str:
    if not parts:
        return NOTHING
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{text[0].upper()}{text[1:]}."


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
