"""Old code pages, told from a few lines; what is UTF-8 or has a mark is never guessed at."""

import codecs
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoding import check_encoding, decoded
from pipeline.errors import UsageError

SRT = "1\r\n00:00:01,000 --> 00:00:02,500\r\n{}\r\n\r\n2\r\n00:00:04,000 --> 00:00:06,000\r\n{}\r\n"
SAID = [
    ("cp1251", "Здравствуйте, меня зовут Анна.", "Он открывает дверь и выходит."),
    ("cp1251", "Дай мені, будь ласка, води.", "Його їжа вже на столі."),
    ("koi8-r", "Здравствуйте, меня зовут Анна.", "Он открывает дверь и выходит."),
    ("koi8-u", "Дай мені, будь ласка, води.", "Його їжа вже на столі, є ще."),
    ("iso8859-7", "Άνθρωπος, τι κάνεις σήμερα;", "Ο καιρός είναι ωραίος, Άννα"),
    ("cp1253", "Άνθρωπος, τι κάνεις σήμερα;", "Ο καιρός είναι ωραίος, Άννα"),
    ("iso8859-15", "Mon cœur, ma sœur, l'œuf", "Ça va bien, où es-tu?"),
    ("cp1252", "Il dort 1½ heure à côté.", "Déjà là, ça va?"),
    ("cp866", "Здравствуйте, меня зовут Анна.", "Он открывает дверь и выходит."),
    ("cp1250", "Dobrý den, jak se máte?", "Žena otevírá dveře a směje se."),
    ("cp1250", "Dzień dobry, czy mogę wejść?", "Kobieta zamyka książkę."),
    ("cp1250", "Hová mész? Nem tudom, hol a könyv.", "A nő kinyitja az ajtót, és leül a székre. Eső esik, erős szél fúj."),
    ("iso8859-2", "Dzień dobry, czy mogę wejść?", "Kobieta zamyka książkę."),
    ("iso8859-2", "Příliš žluťoučký kůň", "úpěl ďábelské ódy"),
    ("cp1252", "Il n'a pas été là, ça suffit.", "Une fenêtre s’ouvre où l’élève était."),
    ("cp1252", "¿Dónde está la niña? ¡Aquí!", "Mañana saldrá el sol."),
    ("latin-1", "Die Tür öffnet sich, ein Mädchen läuft über die Straße.", "Später hört man Geräusche."),
    ("cp1252", "Não sei, talvez amanhã.", "A mãe abre a porta do coração."),
    ("cp1252", "Flickan går över gatan.", "Är det här din väska?"),
    ("cp1254", "Kadın kapıyı açıyor ve gülümsüyor.", "Şimdi ne yapacağız?"),
    ("cp1253", "Η γυναίκα ανοίγει την πόρτα.", "Πού είναι το παιδί;"),
    ("cp1255", "האישה פותחת את הדלת.", "איפה הילד שלי?"),
    ("cp1256", "المرأة تفتح الباب.", "أين الولد الآن؟"),
    ("cp874", "ผู้หญิงเปิดประตู", "เด็กอยู่ที่ไหน"),
    ("shift_jis", "女の人がドアを開ける。", "子供はどこですか。"),
    ("euc_jp", "女の人がドアを開ける。", "子供はどこですか。"),
    ("gb18030", "一个女人打开了门。", "孩子在哪里？"),
    ("big5", "一個女人打開了門。", "孩子在哪裡？"),
    ("euc_kr", "여자가 문을 열고 들어온다.", "아이는 어디에 있나요?"),
]

VIETNAMESE = ("Xin chào, bạn khỏe không? Tôi rất vui được gặp anh.", "Hôm nay trời đẹp quá, chúng ta đi dạo nhé.")


def in_cp1258(text: str) -> bytes:
    """As Windows writes Vietnamese: the tones behind their letters."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    apart = "".join(
        unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in tones))
        + "".join(mark for mark in parts if mark in tones)
        for parts in (unicodedata.normalize("NFD", letter) for letter in text)
    )
    return apart.encode("cp1258")


def test_vietnamese_with_its_tones_behind_the_letters() -> None:
    whole = SRT.format(*VIETNAMESE)
    read = decoded(in_cp1258(whole))
    assert (read.encoding, read.guessed) == ("cp1258", True)
    assert unicodedata.normalize("NFC", read.text) == whole


@pytest.mark.parametrize(
    ("encoding", "text"), [("iso2022_jp", "女の人がドアを開ける。"), ("iso2022_kr", "여자가 문을 열고 들어온다.")]
)
def test_escapes_tell_the_encodings_of_mail(encoding: str, text: str) -> None:
    whole = SRT.format(text, text)
    read = decoded(whole.encode(encoding))
    assert read.text == whole
    assert read.guessed
    assert decoded(b"\x1b[31mred\x1b[0m").encoding == "utf-8", "a terminal's colours are none"


@pytest.mark.parametrize(
    ("declared", "encoding"), [("ISO-8859-1", "cp1252"), ("windows-1251", "cp1251"), ("Shift_JIS", "shift_jis")]
)
def test_an_xml_declaration_is_believed_and_is_no_guess(declared: str, encoding: str) -> None:
    text = {"cp1252": "été", "cp1251": "Да", "shift_jis": "女の人"}[encoding]
    whole = f'<?xml version="1.0" encoding="{declared}"?><tt><p>{text}</p></tt>'
    read = decoded(whole.encode(encoding))
    assert read.text == whole
    assert not read.guessed


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1251", "UTF-16", "no-such", "rot13", "base64", "utf-7"])
def test_a_declaration_that_lies_is_not_believed(declared: str) -> None:
    whole = f'<?xml version="1.0" encoding="{declared}"?><tt><p>Żółć, gęś</p></tt>'
    assert decoded(whole.encode()).text == whole


SHORT = [
    ("cp1255", "מה שלומך?"), ("iso8859-8", "תודה רבה"), ("cp1255", "שלום"),
    ("mac-roman", "C'est l'été à Paris."), ("mac-roman", "Ça va très bien, merci."), ("mac-roman", "¿Dónde está?"),
    ("cp850", "C'est l'été à Paris."), ("cp850", "Das ist schön für Mädchen."), ("cp850", "¿Dónde está?"), ("cp850", "Mañana"),
    ("cp852", "Dzień dobry, czy mogę wejść?"), ("cp852", "Žena otevírá dveře"),
    ("iso8859-2", "Dzień dobry"), ("iso8859-2", "Książka"), ("iso8859-2", "Eső esik, erős szél fúj."), ("cp1250", "Książka"),
    ("cp1252", "Ça va"), ("cp1252", "Å nei"), ("cp1252", "Élève"), ("cp1252", "Straße"), ("cp1252", "Mañana"),
    ("cp1251", "Да"), ("cp1251", "ПРИВЕТ"), ("koi8-r", "Привет"), ("cp866", "Как дела?"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "text"), SHORT)
def test_one_short_cue_tells_its_encoding(encoding: str, text: str) -> None:
    whole = f"1\r\n00:00:01,000 --> 00:00:02,500\r\n{text}\r\n"
    read = decoded(whole.encode(encoding))
    assert read.text == whole, read.encoding
    assert read.guessed


@pytest.mark.parametrize(("encoding", "one", "two"), SAID)
def test_two_cues_tell_their_encoding(encoding: str, one: str, two: str) -> None:
    text = SRT.format(one, two)
    for times in (1, 400):
        read = decoded((text * times).encode(encoding))
        assert read.text == text * times, read.encoding
        assert read.guessed


@pytest.mark.parametrize(("encoding", "one", "two"), SAID)
def test_utf8_and_utf16_are_known_for_sure_or_by_their_zeros(encoding: str, one: str, two: str) -> None:
    text = SRT.format(one, two)
    assert decoded(text.encode()).guessed is False
    for name, mark in (("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
        read = decoded(mark + text.encode(name))
        assert (read.text, read.guessed, read.broken) == (text, False, 0)
    for name in ("utf-16-le", "utf-16-be"):
        read = decoded(text.encode(name))
        assert (read.text, read.encoding, read.guessed) == (text, name, True)


def test_a_broken_byte_in_utf8_does_not_make_it_something_else() -> None:
    data = SRT.format("Здравствуйте, меня зовут Анна.", "Привет").encode().replace("а".encode(), b"\xd0", 1)
    read = decoded(data)
    assert read.encoding == "utf-8"
    assert read.broken == 1


@pytest.mark.parametrize("page", ["cp1252", "cp1251", "latin-1", "cp1250"])
@pytest.mark.parametrize("text", ["Здравствуйте, меня зовут Анна.", "你好，他走在街上。", "Žena otevírá dveře", "Élève, où ça ?"])
def test_what_was_encoded_twice_is_undone(page: str, text: str) -> None:
    """UTF-8 that a program took for the code page of its system and wrote as UTF-8 again; bytes that it has no character for stay."""
    whole = SRT.format(text, text)
    wrong = "".join(bytes([byte]).decode(page, "ignore") or chr(byte) for byte in whole.encode())
    for mark in ("", "\ufeff"):
        read = decoded((mark + wrong).encode())
        assert (read.text, read.guessed, read.twice) == (whole, True, True), read
    assert decoded(wrong.encode(), "utf-8").text == wrong


@pytest.mark.parametrize(("encoding", "one", "two"), SAID)
def test_text_that_was_encoded_once_stays(encoding: str, one: str, two: str) -> None:
    for mark in ("", "\ufeff"):
        read = decoded((mark + SRT.format(one, two)).encode())
        assert (read.text, read.encoding, read.guessed) == (SRT.format(one, two), "utf-8", False)


@pytest.mark.parametrize(("encoding", "one", "two"), SAID)
def test_a_file_of_two_encodings_is_read_in_both(encoding: str, one: str, two: str) -> None:
    """Parts of two programs, put one behind the other."""
    first, second = SRT.format(one, "Привет, это я. Как дела?"), SRT.format(two, one)
    read = decoded(first.encode() + second.encode(encoding))
    assert read.text == first + second, read.encoding
    assert read.encoding.startswith("utf-8 and ")


def test_quotes_in_utf8_tell_its_lines_too() -> None:
    quoted, accents = SRT.format("It’s here", "“Fine”") * 10, SRT.format("Déjà vu à Málaga", "El niño comió después")
    read = decoded(quoted.encode() + accents.encode("latin-1"))
    assert (read.text, read.encoding) == (quoted + accents, "utf-8 and cp1252")
    alone = SRT.format("Déjà vu", "“Fine”, it’s here") * 3
    assert decoded(alone.encode("cp1252")).encoding == "cp1252"


def test_what_is_asked_for_is_done() -> None:
    assert decoded("Привет".encode("koi8-r"), "koi8-r").text == "Привет"
    assert decoded(b"\xff\xfea\x00", "utf-16").text == "a"
    assert check_encoding("CP1251") == "cp1251"
    for wrong in ("cp12511", "rot13", "hex", "", "base64", "x" * 500, "a\0b"):
        with pytest.raises(UsageError, match="--encoding"):
            check_encoding(wrong)


@given(st.binary(max_size=400))
def test_no_bytes_are_refused(data: bytes) -> None:
    read = decoded(data)
    read.text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("mark", [b"a", b"\xff", b"a\xff", b"\xe3\x81", b" ", b"\r", b"\n", b"\0", b"-->"])
def test_five_megabytes_of_anything_take_one_pass(mark: bytes) -> None:
    """Not timed: what is quadratic takes hours."""
    assert decoded(mark * (5_000_000 // len(mark)) + b"\xff\xc0").text


@pytest.mark.parametrize(("name", "one", "two"), [said for said in SAID if said[0] in ("cp1251", "cp1252", "gb18030")])
def test_a_mark_before_bytes_that_it_does_not_fit_is_no_word_for_them(name: str, one: str, two: str) -> None:
    """Editors and servers write the mark of UTF-8 before whatever they were given."""
    wanted = SRT.format(one, two)
    for encoding in (None, name):
        read = decoded(codecs.BOM_UTF8 + wanted.encode(name), encoding)
        assert (read.text, read.broken, read.guessed) == (wanted, 0, encoding is None)
    assert decoded(codecs.BOM_UTF8 + wanted.encode("utf-8")).text == wanted
    assert not decoded(codecs.BOM_UTF8 + wanted.encode("utf-8")).guessed
