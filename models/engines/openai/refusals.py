"""What a refusal speaks of, in the words of each server and the languages of their makers.

A field that it does not take · a form of content · a number of images · the size of the pictures · what they show · the context

Numbers tell more than words: "the maximum is 4" is understood in any language where it names images.
"""

import re

NO = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|extra|invalid|cannot|can't|deprecated|must be|only the default"
    r"|does not exist|no such|not a valid|forbidden|cannot find|not available|should|(?:has|have|needs?) to be|(?:greater|less|larger|smaller) than"
    r"|unavailable|range|between|positive|不支持|未知|无效|非法|不允许|有误|错误|范围|サポート|無効|範囲|지원|범위"
)
FORM = re.compile(
    r"video|content|type|variant|modalit|multi-?modal|message format|deserial|image_url|union|input should be|unmarshal"
    r"|视频|影片|動画|動画像|비디오|消息类型|参数"
)
POLICY = re.compile(r"policy|moderation|safety|filter|violat|敏感|违规|违反|审核|安全|不合规|inappropriate")
"""what is refused for what it shows, and would be so in any form"""
SHOWN = re.compile(
    r"moderation|flagged|content[ _-]?(?:policy|filter)|usage polic|safety|violat|inappropriate|敏感|违规|违反|审核|安全|不合规"
)
"""of a 403: it is what a window shows that is refused, and no key"""
_IMAGES = re.compile(
    r"image|picture|photo|media|attachment|图片|图像|图|張画像|画像|이미지|bild(?:er)?\b|imágenes|imagen|imagens|изображени|张"
)
_FEW = re.compile(
    r"at most|up to|max|limit|exceed|too many|only|more than|no more|fewer|less than|number of|count|per (?:request|prompt|message)|allowed"
    r"|最多|最大|超过|超出|限制|上限|不能超|不得超|数量|まで|최대|höchstens|máximo|не более"
)
_ONE = re.compile(
    r"multiple|multi-image|more than one|single|(?:only|just|takes|most|expects?|accepts?|supports?) one\b|one image|an? image at a time"
    r"|多张|多图|单张|一张|複数|여러"
)
_SIZE = re.compile(
    r"\b(?:[kmg]i?b|[kmg]bytes|bytes|pixels?|px|resolution|dimensions?|width|height|megapixels?)\b|\d\s?(?:[kmg]i?b|px)\b|\d\s?x\s?\d"
    r"|(?:image|file|payload|body|request|entity|message|content|picture)s?'? ?(?:size|length|is|are)? ?(?:is |are )?too (?:large|big)"
    r"|(?:image|file|payload|body|request) size|大小|分辨率|像素|尺寸|体积|サイズ|크기"
)
_NO_JPEG = re.compile(
    r"(?<![a-z])jpe?g(?![a-z]).{0,60}(?:not (?:be )?(?:support|accept|allow|valid)|unsupported|not permitted|不支持|サポートされ|nicht unterst)"
    r"|(?:unsupported|not support(?:ed|ing)?|does(?: no|n')t (?:support|accept|take)|can(?:not|'t) (?:read|decode|handle)|unknown|invalid|bad"
    r"|unexpected|不支持|非対応)[^.;]{0,80}(?<![a-z])jpe?g(?![a-z])"
    r"|(?:only|must be|must have|expect(?:s|ed)|has to be|require[sd]?|please use|convert|仅支持|只支持|nur)[^.;]{0,40}(?<![a-z])png(?![a-z])"
    r"|(?<![a-z])png(?![a-z])[^.;]{0,20}(?:only|required|expected|のみ)"
)
_LISTED = re.compile(
    r"(?:(?:image/)?\.?(?<![a-z])(?:png|jpe?g|gif|webp|bmp|tiff?|heic|avif)(?![a-z])['\"\])`]*(?:\s*(?:[,/|、和或]|and|or|und|oder))*\s*['\"\[(`]*){2,}"
)
"""formats that are named one after another"""
_STREAM = re.compile(r"\bstream(?:ing|ed|s)?\b|流式|ストリーム|ストリーミング|스트리밍")
_WANTED = re.compile(r"only|must|require|please|enable|set|need|use|仅|只|请|必须|のみ|必要|만 지원")
_SMALL = re.compile(r"too small|at least(?! one of )|minimum|larger than|greater than|过小|太小|不能小于")
TOO_LONG = re.compile(
    r"context[ _]?(?:length|window|size)|maximum model length|too long|max_model_len|exceeds? the (?:available )?context"
    r"|too many tokens|prompt is longer|input length .{0,40}exceed|exceed_context_size"
    r"|input tokens? .{0,40}exceed|(?:input|total) (?:token count|number of tokens).{0,60}exceed|`inputs` (?:tokens \+|must have less)"
    r"|prompt exceeds|maximum prompt length|exceeded model token limit|range of input length|total tokens .{0,40}exceed"
    r"|reduce the length of (?:the|your) (?:messages|prompt|input)|\bn_ctx\b|(?:large|big|long) for the context|longer than (?:the )?(?:max|model)"
    r"|token length exceed|上下文|(?:输入|请求|消息|内容|提示词?|prompt|文本).{0,12}(?:过长|超长|太长|长度)"
    r"|(?<!max_)(?:token|令牌)s?\s?(?:数|数量|总数|长度|个数).{0,12}(?:超|限制)|コンテキスト長|入力が長すぎ|컨텍스트"
)
"""of OpenAI, vLLM, SGLang, llama.cpp, LM Studio, TGI, Gemini, Mistral, Cohere, Groq, DashScope, Moonshot, Zhipu, LiteLLM, each in its own words"""
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?![\d.]*\d)")
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}


LEAST = 64
"""tokens of an answer that are worth having: where fewer are left it is the frames that are too many"""


def too_long(said: str) -> bool:
    """Whether a refusal says that prompt and answer do not fit the model's context."""
    return TOO_LONG.search(said.lower()) is not None


def fewer_tokens(low: str, asked: int) -> int | None:
    """How many tokens of an answer fit, by a refusal of ``asked``, which names its field: what the context leaves beside the prompt, half of
    a context where the prompt is not named, or a bound of the answer itself. None: it names no such number, or hardly any are left."""
    if not re.search(r"max_(?:completion_)?tokens", low):
        return None
    low = re.sub(r"(?<=\d),(?=\d{3})", "", low)
    if found := re.search(r"(\d{1,9})\s*>\s*(\d{1,9})\s*-\s*(\d{1,9})", low):  # OpenAI, vLLM: asked > context - prompt
        left = int(found[2]) - int(found[3])
        return left if int(found[1]) == asked and min(asked // 2, LEAST) <= left < asked else None
    found = re.search(r"(?:greater than|less than or equal to|must be <=?)\s*[`'\"]?(?:(\w+)\s*=\s*)?(\d{1,9})", low)
    if found is None or not 1 < int(found[2]) < asked:
        return None
    context = re.search(r"model_len|context|ctx", found[1] or "") is not None
    return int(found[2]) // 2 if context else int(found[2])


def too_large(status: int, low: str) -> bool:
    """Whether it is the pictures' bytes or pixels that are too many; a 413 means so whatever it says, but for a number of images."""
    if _SMALL.search(low):
        return False
    if status == 413:
        return not (_names_images(low) and _numbers(low)) or _SIZE.search(low) is not None
    return _SIZE.search(low) is not None and not re.search(r"max_tokens|max_completion_tokens", low)


def no_jpeg(low: str) -> bool:
    """Whether a refusal is of JPEG, or asks for PNG; one that lists both among what is taken is of something else, and so is one of the
    video that our form for it calls video/jpeg."""
    low = low.replace("video/jpeg", "video")
    lists = [some.group() for some in _LISTED.finditer(low) if "png" in some.group()]
    if any("jp" in some for some in lists):
        return False
    return _NO_JPEG.search(low) is not None or (bool(lists) and re.search(r"format|type|不支持", low) is not None)


def only_one_way(low: str, *, asked: bool) -> bool | None:
    """Whether a refusal wants all answers streamed (True) or none (False), where the other was ``asked``; None: it speaks of something
    else."""
    if not _STREAM.search(low):
        return None
    if asked:
        return False if NO.search(low) else None
    return True if _WANTED.search(low) else None


def fewer_images(low: str, images: int, parts: int) -> int | None:
    """How many images to send in place of ``images``, of a content of ``parts`` parts; None: the refusal is of something else."""
    if images < 2:
        return None
    numbers = _numbers(low)
    if not _names_images(low):
        sent = next((count for count in (parts, images) if count in numbers), 0)
        if "items" in low and (fewer := [number for number in numbers if parts - images < number < sent]):
            return max(fewer) - (parts - images)  # a list's length counts the text beside the images
        return None
    given = images in numbers
    fewer = [number for number in numbers if 1 <= number < images]
    if fewer and (given or _FEW.search(low)):
        return max(fewer)
    if _ONE.search(low):
        return 1
    return images // 2 if _FEW.search(low) else None


def counts_images(low: str, images: int) -> bool:
    """Whether a refusal names so many images as were sent, and fewer: it is of their number, whatever sizes it names beside."""
    numbers = _numbers(low)
    return images > 1 and _names_images(low) and images in numbers and any(1 <= number < images for number in numbers)


def names_a_number_of_images(low: str) -> bool:
    """Whether a refusal speaks of a number of images."""
    return _names_images(low) and _FEW.search(low) is not None


def _names_images(low: str) -> bool:
    return _IMAGES.search(low) is not None


def _numbers(low: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(low)] + [
        number for word, number in _WORDS.items() if re.search(rf"\b{word}\b", low)
    ]
