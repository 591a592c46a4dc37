"""Where a line may break, by the little words of a language.

Rules (Netflix, "Line treatment"): break after punctuation, before conjunctions and prepositions; never between article
and noun, adjective and noun, first and last name, auxiliary and verb, pronoun and verb. No tagger runs here: the small
closed classes of a language decide most cases, and of the adjectives only common visual ones are known.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

# What a break before a word costs.
SENTENCE, CLAUSE, GOOD, PHRASE, NEUTRAL, BAD, NEVER, INSIDE = 0, 1, 2, 3, 4, 10, 20, 40


@dataclass(frozen=True, slots=True)
class Grammar:
    """The closed classes of one language, in lower case."""

    leads: frozenset[str]
    """conjunctions and prepositions: good to break before, bad to break after"""
    clings: frozenset[str]
    """articles and determiners: never to break after"""
    holds: frozenset[str] = frozenset()
    """pronouns, auxiliaries and adjectives: bad to break after"""


def _grammar(leads: str, clings: str, holds: str = "") -> Grammar:
    return Grammar(frozenset(leads.split()), frozenset(clings.split()), frozenset(holds.split()))


GRAMMARS = {
    "en": _grammar(
        "and or but nor so yet because while when where which who whose that if although though as until since unless whereas than of in"
        " on at by for with from to into onto over under above below behind beside besides between among through across along around"
        " near against toward towards inside outside beneath underneath within without before after during off past beyond like",
        "a an the this these those my your his her its our their some any no each every another both several many few one two three",
        "i you he she it we they is are was were be been being am has have had do does did will would can could may might must shall"
        " should not to very old young new big small large tiny tall short long little white black red blue green yellow orange brown"
        " grey gray pink purple dark bright light golden silver wooden metal stone glass empty open closed busy quiet wet dry other"
        " mr mr. mrs mrs. ms ms. dr dr. st st. prof.",
    ),
    "de": _grammar(
        "und oder aber denn sondern dass weil während wenn als ob obwohl bis bevor nachdem die in im an am auf aus bei mit nach von vom zu"
        " zum zur über unter vor hinter neben zwischen durch für gegen ohne um entlang seit trotz wegen",
        "der das den dem des ein eine einen einem einer eines mein sein ihr ihre seine kein keine dieser diese dieses jeder jede zwei drei",
        "ich du er sie es wir ist sind war waren wird werden hat haben kann muss nicht sehr",
    ),
    "fr": _grammar(
        "et ou mais donc car que qui dont où quand lorsque si comme puis de du des à au aux en dans sur sous avec sans pour par vers chez"
        " entre devant derrière pendant depuis contre",
        "le la les un une ce cet cette ces mon ma mes ton ta tes son sa ses notre nos leur leurs deux trois chaque plusieurs",
        "je tu il elle on nous vous ils elles est sont était a ont va ne se très",
    ),
    "es": _grammar(
        "y e o u pero sino que porque cuando donde mientras si como de del a al en con sin por para sobre bajo entre hacia hasta desde"
        " contra ante tras durante",
        "el la los las un una unos unas este esta estos estas ese esa su sus mi mis cada dos tres varios varias",
        "yo tú él ella nosotros ellos ellas es son está están ha han se no muy",
    ),
    "it": _grammar(
        "e ed o ma che perché quando dove mentre se come di del della dei delle a al alla in nel nella con senza per su sul sulla tra fra"
        " verso da dal dalla",
        "il lo la i gli le un uno una questo questa questi queste suo sua suoi sue ogni due tre alcuni alcune",
        "io tu lui lei noi voi loro è sono ha hanno si non molto",
    ),
    "pt": _grammar(
        "e ou mas que porque quando onde enquanto se como de do da dos das a ao à em no na nos nas com sem por pelo pela para sobre sob"
        " entre até desde",
        "o os as um uma uns umas este esta estes estas esse essa seu sua seus suas cada dois duas três vários várias",
        "eu ele ela nós eles elas é são está estão tem não muito",
    ),
    "nl": _grammar(
        "en of maar want dat omdat terwijl wanneer als toen die in op aan bij met naar van voor over onder achter naast tussen door tegen"
        " zonder langs uit tot",
        "de het een dit deze mijn zijn haar hun geen elke twee drie enkele",
        "ik je hij zij ze het wij is was waren wordt worden heeft hebben kan moet niet heel",
    ),
}
NO_GRAMMAR = Grammar(frozenset(), frozenset())

_CLOSERS = r"[\"'’”»)\]}）」』】》〉]*"
_SENTENCE = re.compile(rf"[.!?…。！？｡؟۔।॥။።]{_CLOSERS}$")
_CLAUSE = re.compile(rf"[,;:、，；：،؛—–]{_CLOSERS}$")
_ABBREVIATION = re.compile(r"(?:^|.*[(\"'])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|vs|etc|approx|No|e\.g|i\.e|[ap]\.m)\.$")
_EDGES = "\"'’‘“”«»()[]{}.,;:!?…"


def ends_sentence(word: str, following: str | None) -> bool:
    """Whether a sentence ends after ``word``, given the word that follows (None at the end of the text)."""
    if word[-1].isalnum() or not _SENTENCE.search(word):
        return False
    if following is None:
        return True
    return not (_ABBREVIATION.match(word) or following[0].islower())


@lru_cache(maxsize=1 << 12)
def break_cost(before: str, after: str, language: str, starts_sentence: bool) -> int:
    """What a line break between these two words costs, in a language ("en"); sentence ends are the caller's to know."""
    if _CLAUSE.search(before):
        return CLAUSE
    grammar = GRAMMARS.get(language, NO_GRAMMAR)
    first, second = before.strip(_EDGES), after.strip(_EDGES)
    low, next_low = first.lower(), second.lower()
    if low in grammar.clings or (first[:1].isupper() and second[:1].isupper() and not starts_sentence):
        return NEVER
    if low in grammar.holds or before.lower() in grammar.holds:
        return BAD
    if low in grammar.leads or first.isdecimal():
        return BAD
    return GOOD if next_low in grammar.leads else NEUTRAL
