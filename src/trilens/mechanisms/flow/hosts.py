"""Bare hosts in text: what a chat client turns into a link though no scheme stands before it.

| Written | Is a host |
|---|---|
| `evil.com`, in prose | when its last label is one of those that are no words and no endings of files |
| `evil.io/x`, `evil.ninja/x?d=1` | by any well-known last label before a path, and by any label before a query |
| `[words](evil.any)`, `href=evil.any` | by any last label but the ending of a file; with a path or query, but an ending nobody can register |
| `1.2.3.4/x` | by four numbers before a path that is no number: `10.0.0.0/8` is a network |

Words of a script without spaces that touch a host are read as words, since a sentence needs no space there.

So `report.pdf`, `README.md`, `Node.js/Express`, `e.g.`, `and/or`, `24/7`, `1.2.3` and `max.Gewicht/Person` are none. A mark-up renderer
links less than this (only `www.`, `http(s)://` and mail addresses); a chat client links about this much.
"""

import re
from collections.abc import Iterable, Iterator

_COUNTRIES = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck "
    "cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr "
    "gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls "
    "lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nu nz om pa pe pf pg ph "
    "pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk "
    "tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
"""Without `nr`, an abbreviation of `number`."""
_PLAIN = "com net org edu gov info biz eu uk de fr nl ch pl cz dk fi nz jp cn br ru xyz рф онлайн сайт 中国 中國 公司 网络 香港"
_OTHERS = (
    "academy agency app art asia bar best bid blog business cam capital care cash center chat city click cloud club code codes company "
    "computer cool date design dev digital direct directory download earth email energy events exchange expert express faith finance fit "
    "foundation fun fund fyi gallery games global goog group guru health help host hosting house icu inc ink int international jobs lat life "
    "link live llc loan lol love ltd management market marketing media men mil mobi monster name network news ninja one online ooo page "
    "partners party photo photography photos pics plus press pro quest racing realty red rest review reviews rip rocks run sale sbs school "
    "science security services shop show site skin social software solutions space store stream studio style supply support surf systems tax "
    "team tech tel today tokyo tools top tours town toys trade training tube university vip wang watch webcam website wiki win work works "
    "world wtf zip zone mov example test invalid local internal onion"
)
_TOPS = frozenset(f"{_COUNTRIES} {_PLAIN} {_OTHERS}".split())
_BARE_TOPS = frozenset(_PLAIN.split())
_PRODUCTS = frozenset({"asp.net", "ado.net", "vb.net"})
"""Names of products that happen to be hosts."""
_FILES = frozenset(
    "asp aspx avi bat bmp bz cfg cgi conf cpp cs css csv dat db dll doc docx eml env epub exe gif gz heic htm html ico ics ini ipynb jar java jpeg jpg js "
    "json jsp jsx key kt less lock log lua mjs mkv mp pdf php png ppt pptx psd rar rb rtf scala scss sql svg swift tar tex tgz tiff toml ts tsx "
    "ttf txt vcf vue wav webm webp woff xls xlsx xml yaml yml".split()
)
_FILES_AND_TOPS = frozenset("md mov pl ps py rs sh so zip".split())
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(
    rf"(?P<target>\]\(<?|(?:href|src)=[\"']?)?(?<![^\W_])(?<![@.\\/-])(?P<host>{_LABEL}(?:\.{_LABEL})++)\.?(?![\w@+-])"
    r"(?P<tail>(?::\d{1,5})?(?:[/?#][^\s<>\"'`|{}()\[\]]*)?)"
)
_AFTER_SENTENCE = ("", " ")
_ELSEWHERE = re.compile(r"(?://|@)[a-z0-9.-]++|(?<![^\s(])[\d.,]++(?!\S)")
"""Hosts of links and addresses, and plain numbers."""
_QUERY = re.compile(r"[^?]*\?[^=\s]*[\w%]=")
_FOUR_NUMBERS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_NO_PATH = re.compile(r"/\d{1,2}|/\d+(?:\.\d+)+")
_UNSPACED = re.compile("[\u2e80-\U0003ffff]+")


def hosts_outright(tokens: Iterable[str]) -> Iterator[str]:
    """Every bare host of a folded text's tokens, with its port, path and query as they stand."""
    for token in tokens:
        if "." not in _ELSEWHERE.sub("", token):
            continue
        for found in _HOST.finditer(token):
            host, tail = _spaced(found["host"]), found["tail"]
            if host and _is_host(host, tail, is_target=found["target"] is not None):
                yield host + tail


def dotted(reading: str) -> Iterator[str]:
    """The tokens of a single-spaced text that have a full stop within."""
    at = reading.find(".")
    while at >= 0:
        if reading[at + 1 : at + 2] not in _AFTER_SENTENCE:
            stop = reading.find(" ", at)
            stop = len(reading) if stop < 0 else stop
            token = reading[reading.rfind(" ", 0, at) + 1 : stop]
            if "." in token[1:-1]:
                yield token
            at = reading.find(".", stop)
        else:
            at = reading.find(".", at + 1)


def _spaced(host: str) -> str:
    """A host without the words of a script without spaces that it stands between; of these alone, it is their own."""
    if host.isascii() or _UNSPACED.search(host) is None:
        return host
    return next((piece for piece in _UNSPACED.split(host) if "." in piece[1:-1]), host)


def _is_host(host: str, tail: str, *, is_target: bool) -> bool:
    last = host.rpartition(".")[2]
    if _FOUR_NUMBERS.fullmatch(host):
        return is_target or (tail != "" and _NO_PATH.fullmatch(tail.rstrip(".,;:!")) is None)
    if len(last) < 2 or last.isdecimal() or last in _FILES:
        return False
    if is_target:
        return tail != "" or last not in _FILES_AND_TOPS
    if not tail:
        return last in _BARE_TOPS and host not in _PRODUCTS and (host.isascii() or not last.isascii())
    is_top = last in _TOPS or last.startswith("xn--")
    return (is_top and host not in _PRODUCTS) or _QUERY.match(tail) is not None
