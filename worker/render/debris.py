"""What stands in a feed's text and is none of the author's words: what builders, plugins and themes leave behind."""

import re

_MOST = 500  # characters of one shortcode, selector or condition; no expression here looks further, so that none is slow

# Shortcodes -----------------------------------------------------------------------------------------------------------------

_BUILDERS = (
    r"et_pb_\w+|vc_\w+|fusion_\w+|av_\w+|su_\w+|elementor-\w+|wp\w*_\w+|mc4wp_form|ninja_forms?|wpforms|gravityform|tablepress|rev_slider"
    r"|smartslider3|metaslider|contact-form[\w-]*|gallery|caption|embed|audio|video|playlist|toc|ez-toc|addtoany|sharethis|jetpack[\w-]*"
    r"|one_(?:half|third|fourth)(?:_last)?|dropcap|column|columns|row|button|spacer|divider"
)
_ATTRIBUTES = rf"(?:[^\[\]]{{0,{_MOST}}}|(?:[^\[\]\"“”″]{{0,200}}+[\"“”″][^\"“”″]{{0,300}}[\"“”″]){{1,12}}+[^\[\]]{{0,200}})"  # a quoted value may hold brackets
_SHORTCODE = re.compile(
    rf"\[/[\w-]+\]|\[[\w-]+(?:\s+[\w-]+)*\s+[\w-]+\s*={_ATTRIBUTES}\]|\[(?:{_BUILDERS})(?:\s{_ATTRIBUTES})?/?\]"
    rf"|\[(?:et_pb|vc|fusion)_\w[^\[\]]{{0,{_MOST}}}$",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"\[/([\w-]+)\]")


def without_shortcodes(text: str) -> str:
    """`[gallery ids="1"]`, `[/vc_row]`, `[note]...[/note]`; `[sic]` and `[1]` are the author's."""
    if "[" not in text:
        return text
    for name in set(_CLOSED.findall(text)):
        text = text.replace(f"[{name}]", " ")
    return _SHORTCODE.sub(" ", text)


# Styles and scripts that leaked as text -------------------------------------------------------------------------------------

_TAG = (
    r"(?:a|abbr|article|aside|audio|b|blockquote|body|button|canvas|code|dd|div|dl|dt|em|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr"
    r"|html|i|iframe|img|input|label|li|main|nav|ol|p|pre|section|select|small|span|strong|sub|sup|svg|table|tbody|td|textarea|th|thead|tr|u|ul|video)"
)
_COMPOUND = rf"(?:(?:\*|[A-Za-z][\w-]*)?(?:[.#][A-Za-z_-][\w-]*|\[[^\[\]{{}}]{{1,80}}\]|::?[a-z-]+(?:\([^(){{}}]{{0,80}}\))?)+|{_TAG}|\*|\d{{1,3}}%|from|to)"
_SELECTOR = re.compile(rf"(?:(?<=[\s{{}};*/>])|^)(?:{_COMPOUND}(?:\s*[,>+~]\s*|\s+))*{_COMPOUND}\s*$")
_CONDITION = re.compile(r"@[\w-]+[^{}@]{0,200}$")
_BLOCK = re.compile(r"\{([^{}]*)(?:\}|$)")
_DECLARATIONS = re.compile(r"\s*(?:/\*|(?:--)?[a-z-]+\s*:|$)", re.IGNORECASE)
_COMMENT = re.compile(rf"/\*.{{0,{_MOST}}}?\*/", re.DOTALL)
_SCRIPT = re.compile(
    r"\bfunction\s*\w*\s*\([^()]{0,80}\)\s*\{|=>\s*\{|\b(?:window|document)\.\w+\s*[.(=\[]|\bjQuery\s*\(|\$\(document\)|\bdataLayer\b"
    r"|\b(?:var|let|const)\s+\w+\s*=|\bgtag\(|<!\[CDATA\[|\]\]>|googletag\."
)


def without_styles(text: str) -> str:
    """Rules of CSS, with what they are for: `.elementor-heading h2{padding:0}`, `@media (...){...}`; also one that breaks off."""
    if "{" not in text:
        return text
    text = _COMMENT.sub(" ", text)
    for _ in range(4):  # rules stand in conditions, which may stand in others
        shorter = _without_innermost_rules(text)
        if shorter == text:
            break
        text = shorter
    return text


def _without_innermost_rules(text: str) -> str:
    kept: list[str] = []
    at = 0
    for block in _BLOCK.finditer(text):
        before, inner = text[at : block.start()], block[1]
        about = before[-_MOST:]
        opening = (_CONDITION.search(about) or _SELECTOR.search(about)) if _DECLARATIONS.match(inner) else None
        if opening is None:
            kept.append(text[at : block.end()])
        else:
            kept.append(before[: len(before) - len(about) + opening.start()] + " ")
        at = block.end()
    return "".join([*kept, text[at:]])


def is_script(text: str) -> bool:
    return _SCRIPT.search(text) is not None


# Rows and boxes around a post -----------------------------------------------------------------------------------------------

_NETWORKS = (
    "facebook|twitter|x|pinterest|linkedin|instagram|whatsapp|telegram|threads|bluesky|mastodon|reddit|tumblr|pocket|e-?mail|courriel"
    "|print|imprimer|copy link|copier le lien|more|plus"
)
_SHARE_ROW = re.compile(
    rf"(?:(?:share|partager|partagez|tweet(?:er)?|pin(?: it)?|save|like|loading|follow us|suivez-nous|click to (?:share|print|e-?mail)|cliquez pour partager"
    rf"|opens in new window|ouvre dans une nouvelle fenêtre|[0-9.,k]{{1,7}} shares?)\b"
    rf"(?: (?:this|it|on|post|article|page|a link|to|a friend|cet|cette|sur|via|with|un ami)\b)*+[\s:.()…]*+|(?:{_NETWORKS})\b[\s|·•,/()…]*+)++",
    re.IGNORECASE,
)
_END_OF_POST = re.compile(
    r"(?:(?:related|similar|recent|latest|more|other|popular) (?:posts|articles|reading|stories)|articles? (?:connexes|similaires|récents|liés)"
    r"|autres articles|à lire aussi|you (?:may|might) also like|vous aimerez aussi|about the author|à propos de l[’']aute?ure?|author bio|post navigation"
    r"|leave a (?:comment|reply)|laisser un commentaire|comments|commentaires|references|références|sources)\b[\s:.]*",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"(?:(?:we|this (?:web)?site|our (?:web)?site) uses? cookies|(?:nous utilisons|ce site utilise) des (?:cookies|témoins)|by continuing to (?:use|browse)"
    r"|en poursuivant votre navigation|accept (?:all|cookies)|(?:cookie|privacy) (?:policy|settings|preferences)$|accepter (?:tout|les)"
    r"|(?:subscribe|sign up) (?:to|for|now|today)\b.{0,60}\b(?:newsletter|mailing list|updates|e-?mails?)\b|(?:inscrivez|abonnez)-vous à\b"
    r"|thanks for reading\b.{0,60}\bsubscribe\b|subscribe for free\b|(?:click|tap) (?:here )?to (?:subscribe|book|listen|tweet|share)\b"
    r"|skip to (?:main )?content|aller au contenu|table of contents|table des matières|scroll to top|back to top|retour en haut"
    r"|listen to this (?:post|article|episode|blog)|photo (?:by|credit|:)|image (?:by|credit|source|:)|crédits? photo|filed under|tags\s*:|categor(?:y|ies)\s*:"
    r"|(?:jump to|last updated|mis à jour|(?:posted|published|written|tagged|sponsored) (?:on|in|by|with)|(?:publié|écrit|rédigé) (?:le|par|dans|en))\b.{0,90}(?<![.!?…])$"
    r"|advertisements?$|publicité$)",
    re.IGNORECASE,
)
_READING_TIME = re.compile(
    r"^(?:(?:estimated |approximate )?(?:reading time|temps de lecture(?: estimé)?)\s*:?\s*(?:(?:about|approx\.?|environ|~|<|&lt;)\s*)?"
    r"(?:\d{1,3}(?:\s*[-–]\s*\d{1,3})?\s*(?:min(?:ute)?s?(?-i:(?![a-zà-ÿ]))\.?)?)?|\d{1,3} ?min(?:ute)?s?\.? ?(?:read|de lecture)\b)[\s.|·•–—-]*",
    re.IGNORECASE,
)


def without_reading_time(text: str) -> str:
    """“Reading time: 4 min”, which plugins set right before the first word."""
    return _READING_TIME.sub("", text)


def is_share_row(text: str) -> bool:
    return _SHARE_ROW.fullmatch(text) is not None


def ends_the_post(text: str) -> bool:
    """The heading over what follows a post: other posts, the author's box, comments."""
    return _END_OF_POST.fullmatch(text) is not None


def is_notice(text: str) -> bool:
    """The site's own: cookies, newsletters, where to click, who took the photograph."""
    return _NOTICE.match(text) is not None


# Where a feed cuts off ------------------------------------------------------------------------------------------------------

# What a template or an editor that knows Markdown was to fill in or set.
_UNFILLED = re.compile(r"\{\{[^{}]{0,200}\}\}|\{%[^{}]{0,200}%\}|<!--.{0,500}?(?:-->|$)", re.DOTALL)
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\((?:https?://|/)[^\s()]{0,1000}\)")
_MARKDOWN_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_]{1,300}?)(?<=\S)\1")
_MARKDOWN_HEADING = re.compile(r"^#{1,6} ")


def without_marks(text: str) -> str:
    """`{{ post.title }}`, `**bold**`, `[words](https://...)`."""
    text = _MARKDOWN_BOLD.sub(r"\2", _MARKDOWN_LINK.sub(r"\1", _UNFILLED.sub(" ", text)))
    return _MARKDOWN_HEADING.sub("", text)


_CUT_OFF = re.compile(r" ?(?:\[ ?(?:…|\.{3}) ?\]|\((?:more|suite)(?:…|\.{3})?\)) ?| ?(?:…|\.{3}) ?$", re.IGNORECASE)
_READ_ON = (
    r"(?:(?:continue reading|keep reading|lire la suite|continuer la lecture|poursuivre la lecture|continue[rz]? (?:à|a) lire)\b.*"
    r"|(?:read (?:the )?(?:more|full (?:post|article|story)|rest)|click here to read|(?:en )?savoir plus|lire plus|lire l[’']article)\s*"
    r"(?:(?:about|on|of|de|sur|complet)\b.*)?[\s.…»→>]*$)"
)
_READS_ON = re.compile(rf"(?:^|(?<=[…\]→!?.»])) ?{_READ_ON}", re.IGNORECASE)
_FIRST_ON = re.compile(
    r"(?<!\w)(?:The post|This post|This article|L[’']article|Cet article)\b.{1,400}?"
    r"(?:appeared first on|first appeared on|was (?:originally |first )?published (?:on|at)|est apparu en premier sur|est d[’']abord paru sur)\b.*",
    re.DOTALL | re.IGNORECASE,
)


def without_endings(text: str) -> str:
    """“[…] Continue reading”, “The post ... appeared first on ...”."""
    text = _READS_ON.sub("", _FIRST_ON.sub("", text).rstrip())
    return _CUT_OFF.sub(" ", text).strip(" ")
