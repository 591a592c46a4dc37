"""What each container can hold, and so which streams of a film go into it as they are, converted, or not at all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pipeline.media.streams import BITMAPS, Contents, Stream
from pipeline.media.suffixes import family
from pipeline.types import Notice

AUDIO = {
    "mp4": frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "dts", "alac", "opus", "flac", "truehd"}),
    "webm": frozenset({"opus", "vorbis"}),
}
_EXPERIMENTAL = frozenset({"flac", "truehd", "opus"})
"""sound that older ffmpegs write into MP4 only when they are told to"""
_CONVERTED_AUDIO = {"mp4": "aac", "webm": "libopus"}
_SUBTITLES = {"mp4": "mov_text", "webm": "webvtt", "mkv": "srt"}
_KEPT_SUBTITLES = {
    "mp4": frozenset({"mov_text", "tx3g"}),
    "webm": frozenset({"webvtt"}),
    "mkv": frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "hdmv_text_subtitle", *BITMAPS - {"xsub"}}),
}
_TEXTS = frozenset({
    "ass", "eia_608", "jacosub", "microdvd", "mov_text", "mpl2", "pjs", "realtext", "sami", "srt", "ssa", "stl", "subrip", "subviewer",
    "subviewer1", "text", "tx3g", "vplayer", "webvtt",
})  # fmt: skip
"""subtitles of which ffmpeg's decoders give text. Of teletext and ARIB's captions they give pictures, if anything; of TTML nothing"""
_KEPT_DATA = frozenset({"gpmd"})
"""tags of data that ffmpeg can copy into MP4: what action cameras measure"""
_DATA_ELSEWHERE = {
    "mp4": "ffmpeg can't copy such data into MP4",
    "webm": "WebM files hold no data",
    "mkv": "Matroska files hold no data",
}


ATTACHED = {
    "mjpeg": ("jpg", "image/jpeg"),
    "png": ("png", "image/png"),
    "gif": ("gif", "image/gif"),
    "bmp": ("bmp", "image/bmp"),
    "tiff": ("tiff", "image/tiff"),
    "webp": ("webp", "image/webp"),
}
"""cover pictures that Matroska gets as attachments (``covers``): codec -> suffix and MIME type"""
_COVERS = {"mp4": frozenset({"mjpeg", "png", "bmp"}), "webm": frozenset[str](), "mkv": frozenset[str]()}
"""cover pictures that are copied as streams"""


HVC1 = "hvc1"
"""what HEVC is called in MP4 by all players; by ffmpeg itself it is hev1, which Apple's don't play"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The streams beside the film's picture, and what becomes of them."""

    kept: tuple[Stream, ...]
    codecs: tuple[str, ...]
    """for each one kept: ``copy`` or an encoder"""
    notices: tuple[Notice, ...]
    subtitle_codec: str
    """what our own tracks become"""
    covers: tuple[Stream, ...] = ()
    """cover pictures that become attachments (``covers``)"""
    broken: frozenset[int] = frozenset()
    """indexes of the sound with holes, where silence goes: encoded as it comes, all behind one would be early"""

    def options(self) -> dict[str, str]:
        """ffmpeg's codec options, by the place of a stream among those of its kind in the output."""
        letters = {"audio": "a", "subtitle": "s", "attachment": "t", "data": "d", "video": "v"}
        places = {"v": 1, "a": 0, "s": 0, "t": 0, "d": 0}
        options = {}
        for stream, codec in zip(self.kept, self.codecs, strict=True):
            letter = letters[stream.kind]
            options[f"c:{letter}:{places[letter]}"] = codec
            if stream.index in self.broken and codec != "copy":
                options[f"filter:{letter}:{places[letter]}"] = "aresample=async=1"
            if stream.cover:
                options[f"disposition:v:{places[letter]}"] = "attached_pic"
            places[letter] += 1
        if self.subtitle_codec == "mov_text" and any(stream.codec in _EXPERIMENTAL for stream in self.kept):
            options["strict"] = "experimental"
        return options

    def left_out(self, film: Contents) -> tuple[int, ...]:
        """Indexes of the film's streams that are not written, and may last longer than those that are."""
        written = {film.film.index, *(stream.index for stream in (*self.kept, *self.covers))}
        return tuple(stream.index for stream in film.streams if stream.index not in written and stream.kind != "attachment")

    def count(self) -> dict[str, int]:
        """How many streams of each kind the output must have."""
        kinds = [stream.kind for stream in self.kept if not stream.cover]
        return {"video": 1 + kinds.count("video"), "audio": kinds.count("audio"), "subtitle": kinds.count("subtitle")}


def plan(
    film: Contents,
    suffix: str,
    *,
    refused: Mapping[int, str],
    burning: bool = False,
    exchanged: Collection[int] = (),
    edited: Collection[int] = (),
    broken: Collection[int] = (),
) -> Plan:
    """What becomes of each stream of a film in a container; a notice for each that is converted or left out.

    ``refused``: sound that this container can't be given as it is, and what it becomes (``refused``);
    ``exchanged``: indexes of the streams whose codec header changes on the way (``headers``); ``edited``: of the sound that has more in
    it than is heard (``edits``);
    ``broken``: of the sound that can't be copied to its end (``broken_sound``).
    """
    rules = family(suffix)
    kept: list[Stream] = []
    codecs: list[str] = []
    notices: list[Notice] = []
    covers = tuple(one for one in film.streams if one.cover and one.codec in ATTACHED) if rules == "mkv" else ()
    for stream in film.streams:
        if stream is film.film or stream in covers:
            continue
        codec, why = _fate(stream, rules, suffix, burning, refused)
        if codec == "copy" and stream.kind == "audio" and stream.index in (*exchanged, *edited, *broken):
            codec = _CONVERTED_AUDIO.get(rules, "aac")
            cause = "its header comes again in mid-film" if stream.index in exchanged else "edits hide parts of it"
            cause = "packets of it are missing, and a copy would end there" if stream.index in broken else cause
            why = f"audio stream {stream.index} ({stream.codec}) was converted to {codec}: {cause}"
        if codec:
            kept.append(stream)
            codecs.append(codec)
        if why:
            notices.append(Notice(code="stream_converted" if codec else "stream_left_out", message=why))
    return Plan(tuple(kept), tuple(codecs), tuple(notices), _SUBTITLES[rules], covers, frozenset(broken))


def _fate(stream: Stream, rules: str, suffix: str, burning: bool, refused: Mapping[int, str]) -> tuple[str, str]:
    """(codec or nothing, what to say about it)"""
    name = f"{stream.kind} stream {stream.index} ({stream.codec})"
    if stream.kind == "audio":
        into = refused.get(stream.index)
        if into == "":
            return "", f"{name} was left out: {suffix} files can't hold it, and this ffmpeg can't decode it"
        if into is None and (rules == "mkv" or stream.codec in AUDIO[rules] or suffix == ".mov"):
            return "copy", ""
        into = into or _CONVERTED_AUDIO[rules]
        return into, f"{name} was converted to {into}: {suffix} files can't hold it"
    if stream.kind == "subtitle":
        if stream.codec in _KEPT_SUBTITLES[rules]:
            return "copy", ""
        if stream.codec in _TEXTS:
            return _SUBTITLES[rules], f"{name} was converted to {_SUBTITLES[rules]}: {suffix} files can't hold it"
        if stream.codec in BITMAPS and rules != "mkv":
            return "", f"{name} was left out: {suffix} files can't hold pictures as subtitles"
        return "", f"{name} was left out: {suffix} files can't hold it, and ffmpeg makes no text of it"
    if stream.kind == "video":
        if stream.cover:
            unheld = "WebM has none" if rules == "webm" else f"ffmpeg writes no such ones into {suffix} files"
            return (
                ("copy", "")
                if stream.codec in _COVERS[rules]
                else ("", f"{name} was left out: it is a cover picture, and {unheld}")
            )
        return ("", f"{name} was left out: text is drawn on one picture, the one that is described") if burning else ("copy", "")
    if stream.kind == "attachment":
        return ("copy", "") if rules == "mkv" else ("", f"{name} was left out: {suffix} files hold no attachments")
    if stream.kind == "unknown":
        return "", f"stream {stream.index} was left out: ffmpeg does not know what it is"
    tag = stream.tag or stream.codec
    if rules == "mp4" and tag in _KEPT_DATA:
        return "copy", ""
    return "", "" if unmissed(stream) else f"data stream {stream.index} ({tag}) was left out: {_DATA_ELSEWHERE[rules]}"


def unmissed(stream: Stream) -> bool:
    """Whether nobody misses a stream of data: time codes and chapters, which ffmpeg writes by itself, and where a DVD's player may jump to on
    its disc."""
    names = (stream.tag or stream.codec, stream.codec)
    return stream.kind == "data" and ("tmcd" in names or "dvd_nav_packet" in names or names[0] == "text")
