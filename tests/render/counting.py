"""How long a text is, counted a second time and in another way than the program does. Nothing here imports it.

https://docs.x.com/fundamentals/counting-characters · https://github.com/twitter/twitter-text/blob/master/config/v3.json
"""

import re
import unicodedata

_LIGHT = (range(0, 4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9@#$＠＃/.-])(?:https?://)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|ca|org|net|co|io|me|py|info)(?![\w.-]*[\w@])(?::[0-9]+)?(?:[/?#][^\s…]*)?",
    re.IGNORECASE,
)
_KEYCAP, _FLAG = re.compile("[0-9#*]\ufe0f?\u20e3"), re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_JOINING = "\ufe0f\u200d🏻🏼🏽🏾🏿" + "".join(map(chr, range(0xE0020, 0xE0080)))
RESERVED = set("\\|{}@[]()<>#*_~")  # https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format
_HASHTAG = re.compile(r"\{hashtag\|#\|\w+\}")


def x_length(text: str) -> int:
    """An address 23, a picture of an emoji 2, a letter 1 or 2."""
    text = _KEYCAP.sub("😷", _FLAG.sub("😷", unicodedata.normalize("NFC", text)))
    addresses = len(_ADDRESS.findall(text))
    return 23 * addresses + sum(_shown(_ADDRESS.sub("", text)))


def _shown(text: str) -> list[int]:
    """The weight of each character or joined emoji."""
    weights: list[int] = []
    joined = False
    for letter in text:
        is_emoji = ord(letter) >= 0x1F000 or (ord(letter) >= 0x2100 and unicodedata.category(letter) == "So")
        if weights and weights[-1] == 2 and (letter in _JOINING or (joined and is_emoji)):
            joined = letter == "\u200d"
            continue
        joined = False
        weights.append(2 if is_emoji or not any(ord(letter) in light for light in _LIGHT) else 1)
    return weights


def unescaped(wire: str) -> list[str]:
    """LinkedIn's reserved characters that stand alone, where LinkedIn would cut the text off."""
    found, at, wire = [], 0, _HASHTAG.sub("", wire)
    while at < len(wire):
        if wire[at] == "\\" and at + 1 < len(wire) and wire[at + 1] in RESERVED:
            at += 2
            continue
        found += [wire[at]] if wire[at] in RESERVED else []
        at += 1
    return found


def as_read(wire: str) -> str:
    """What LinkedIn shows of it."""
    return re.sub(r"\\(.)", r"\1", _HASHTAG.sub(lambda tag: "#" + tag[0][11:-1], wire), flags=re.DOTALL)
