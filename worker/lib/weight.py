"""How X counts a text: weighted length by twitter-text, configuration v3.

https://docs.x.com/fundamentals/counting-characters
"""

import re
import unicodedata


def weight(text: str) -> int:
    """As twitter-text v3 counts, never less: an address is 23, an emoji 2, a character 1 or 2.

    X knows all top-level domains of its day and we do not, so what may or may not be an address to X counts as the
    dearer of the two. Linear in the length of the text.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    total, at, by_characters = 0, 0, []
    for number, address in enumerate(_ADDRESS.finditer(text)):
        weighs, words = _address_weight(address, number < _MOST_LOOKED_UP)
        total += weighs
        by_characters += [text[at : address.start()], words]
        at = address.end()
    return total + _weight("\n".join([*by_characters, text[at:]])) - len(by_characters)


# Characters ---------------------------------------------------------------------------------------------------------------

_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")

_TONE = "[\U0001f3fb-\U0001f3ff]"
_TAKES_TONE = (
    "☝⛹✊-✍🎅🏂-🏄🏇🏊-🏌👂👃👆-👐👦-👩👫-👮👰-👸👼💁-💃💅-💇💪🕴🕵🕺🖐🖕🖖🙅-🙇🙋-🙏🚣🚴-🚶🛀🛌🤏🤘-🤜🤞🤟🤦🤰-🤹🤽🤾🦵🦶🦸🦹🦻🧍-🧏🧑-🧝"
)
_TAKES_GENDER = "⛹🏃🏄🏊-🏌👮👱👳👷💁💂💆💇🕵🙅-🙇🙋🙍🙎🚣🚴-🚶🤦🤷-🤹🤽🤾🦸🦹🧍-🧏🧖-🧝"
_TAKES_SELECTOR = (
    "©®‼⁉™ℹ↔-↙↩↪⌨⏏⏭-⏯⏱⏲⏸-⏺Ⓜ▪▫▶◀◻◼☀-☄☎☑☘☝☠☢☣☦☪☮☯☸-☺♀♂♟♠♣♥♦♨♻♾⚒⚔-⚗⚙⚛⚜⚠⚰⚱⛈⛏⛑⛓⛩⛰⛱⛴⛷-⛹✂✈✉✌✍✏✒✔✖✝✡✳✴❄❇❣❤➡⤴⤵⬅-⬇〰〽㊗㊙"
    "🅰🅱🅾🅿🈂🈷🌡🌤-🌬🌶🍽🎖🎗🎙-🎛🎞🎟🏋-🏎🏔-🏟🏳🏵🏷🐿👁📽🕉🕊🕯🕰🕳-🕹🖇🖊-🖍🖐🖥🖨🖱🖲🖼🗂-🗄🗑-🗓🗜-🗞🗡🗣🗨🗯🗳🗺🛋🛍-🛏🛠-🛥🛩🛰🛳"
)
# Every flag that there is: its first letter, and the letters that go with it.
_FLAGS = (
    "A[CDEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNOPRUVWXYZ]|D[EGJKMOZ]|E[ACEGHRSTU]|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]"
    "|I[CDELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]"
    "|S[ABCDEGHIJKLMNORSTVXYZ]|T[ACDFGHJKLMNORTVWZ]|U[AGMNSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW]"
)
_FLAG = _FLAGS.translate({65 + letter: 0x1F1E6 + letter for letter in range(26)})
# The sequences that X certainly shows as one emoji. Any other, newer one counts its parts, which is never less.
_EMOJI = re.compile(
    "(?=[#*0-9\xa9\xae\u203c-\U0001ffff])(?:"
    + "|".join(
        (
            "(?<![^\\s\u20e3])[#*0-9]\ufe0f?\u20e3",  # behind a slash the digit may belong to an address
            "🏴\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f",
            _FLAG,
            "👁\ufe0f?\u200d🗨\ufe0f?|🏳\ufe0f?\u200d🌈|🏴\u200d☠\ufe0f?|🐕\u200d🦺",
            "(?:👩\u200d❤\ufe0f?\u200d(?:💋\u200d)?[👨👩]|👨\u200d❤\ufe0f?\u200d(?:💋\u200d)?👨)",
            "(?:👨\u200d[👨👩]|👩\u200d👩|[👨👩])\u200d(?:👧\u200d[👦👧]|👦\u200d👦|[👦👧])",
            f"[👨👩]{_TONE}?\u200d(?:[🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦯🦰-🦳🦼🦽]|[⚕⚖✈]\ufe0f?)",
            f"(?:[{_TAKES_GENDER}]{_TONE}?|[⛹🏋🏌🕵]\ufe0f|[👯🤼🧞🧟])\u200d[♀♂]\ufe0f?",
            f"[{_TAKES_TONE}]{_TONE}",
            f"[{_TAKES_SELECTOR}]\ufe0f",
            "[©®]",
        )
    )
    + ")"
)


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    shown = _EMOJI.sub("☺", text)
    return len(shown) + len(_LIGHT.sub("", shown))


# Addresses ----------------------------------------------------------------------------------------------------------------

_ADDRESS_WEIGHT = 23
_LONGEST_ADDRESS = 4096
_MOST_LOOKED_UP = 12
"""Of 13 no text holds the weight; to work out each one's Punycode would take time."""

# Top-level domains that X certainly knows: the countries', and those that a practice's blog is likely to have.
_KNOWN = (
    "a[cdefgilmnoqrstuwxz]|b[abdefghijlmnoqrstvwyz]|c[acdfghiklmnoruvwxyz]|d[ejkmoz]|e[ceghrstu]|f[ijkmor]|g[abdefghilmnpqrstuwy]|h[kmnrtu]"
    "|i[delmnoqrst]|j[emop]|k[eghimnprwyz]|l[abcikrstuvy]|m[acdefghklmnopqrstuvwxyz]|n[acefgilopruz]|om|p[aefghklmnrstwy]|qa|r[eosuw]"
    "|s[abcdeghijklmnorstuvxyz]|t[cdfghjklmnoprtvwz]|u[agkmsyz]|v[aceginu]|w[fs]|y[et]|z[amw]"
    "|com|org|net|info|biz|name|pro|edu|gov|app|dev|blog|care|health|clinic|doctor|hospital|life|live|love|coach|center|community|education"
    "|foundation|guide|help|support|training|online|site|website|space|store|today|world|quebec"
    "|한국|香港|澳門|新加坡|台灣|台湾|中國|中国|გე|ລາວ|ไทย|ලංකා|ഭാരതം|ಭಾರತ|భారత్|சிங்கப்பூர்|இலங்கை|இந்தியா|ଭାରତ|ભારત|ਭਾਰਤ|ভাৰত|ভারত|বাংলা|भारोत|भारतम्|भारत"
    "|ڀارت|پاکستان|موريتانيا|مليسيا|مصر|قطر|فلسطين|عمان|عراق|سورية|سودان|تونس|بھارت|بارت|ایران|امارات|المغرب|السعودية|الجزائر|البحرين|الاردن"
    "|հայ|қаз|укр|срб|рф|мон|мкд|ею|бел|бг|ευ|ελ"
)
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_HOST = rf"(?:{_LABEL}\.){{1,20}}+(?:{_KNOWN})"
_PLAIN_HOST = re.compile(_HOST, re.IGNORECASE)
# What a label may hold, seen generously: anything but white space, ASCII punctuation, marks of direction; and in a run of
# labels without a scheme (where X looks for ASCII hosts only), no punctuation at all.
_H = r"[^\s\x00-,./:-@\[-`{-~\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
_L = _H[:-1] + r"\x7f-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\u2000-\u206f\u3000-\u303f]"
_ADDRESS = re.compile(
    # Certainly an address to X. Its path is taken as far as X certainly takes it, the rest counts by itself.
    r"(?P<certain>(?<![A-Za-z0-9@＠$#＃\ufeff\ufffe\uffff])https?://(?!t\.co\b)"
    rf"(?P<plain>{_HOST})(?!\.?{_H}|[@+_])(?::[0-9]++)?"
    r"(?:/(?:[a-z0-9!*';:=+,.$/%#\[\]_~|&-]*[a-z0-9=_#/+-])?)?(?:\?[a-z0-9!*';:=+,.$/%#\[\]_~|&-]*[a-z0-9_&=#/-])?)"
    # Perhaps one: a host with a scheme, or a run of labels.
    rf"|(?P<scheme>https?://)(?P<host>{_H}++(?:\.{_H}++)*+)"
    rf"|(?<!{_L})(?P<run>{_L}++(?:\.{_L}++)++(?![@+]|://))"
    rf"|(?<!{_L})(?P<odd>{_L}++(?:\.{_L}++)++(?:://{_H}++(?:\.{_H}++)*+)?)",
    re.IGNORECASE,
)
_PERHAPS_TLD = re.compile(rf"\.(?=(?![0-9]){_L}(?![0-9]){_L})")


def _address_weight(match: re.Match[str], may_look_up: bool) -> tuple[int, str]:
    """(what it weighs, the words of it that weigh beside that what their characters do)."""
    whole, odd = match[0], match["odd"]
    if match["certain"]:
        if len(whole) <= _LONGEST_ADDRESS and _registrable(match["plain"], may_look_up):
            return _ADDRESS_WEIGHT, ""
        return max(0, _ADDRESS_WEIGHT - len(whole)), whole
    if odd:
        return _ADDRESS_WEIGHT * (len(_PERHAPS_TLD.findall(odd)) + ("://" in odd)), whole
    host = match["host"] or match["run"]
    addresses = len(_PERHAPS_TLD.findall(host))
    if addresses == 0 or (host.isascii() and (host.count(".") == 1 or _PLAIN_HOST.fullmatch(host))):
        return max(0, _ADDRESS_WEIGHT - len(whole)) if addresses or match["scheme"] else 0, whole
    return _ADDRESS_WEIGHT * addresses, whole


def _registrable(host: str, may_look_up: bool) -> bool:
    """X passes over a host whose labels are longer than 63 in Punycode."""
    try:
        return host.isascii() or (may_look_up and bool(host.encode("idna")))
    except UnicodeError:
        return False
