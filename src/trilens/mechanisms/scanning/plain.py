"""A text as those read it who see no disguise: full-width and styled letters are plain ones, and what nobody sees is not there."""

from trilens.mechanisms.content.fold import Folded, fold
from trilens.mechanisms.content.scan import Pattern

_UNSEEN = (
    r"\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}"
    r"\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{e0000}-\x{e007f}"
)
_STYLED = r"\x{2460}-\x{24ff}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{1d400}-\x{1d7ff}"
_DISGUISED = Pattern(rf"[!-~][{_UNSEEN}]+[!-~]|[{_STYLED}]")
"""What keeps ASCII characters apart, or stands for them; joiners between other letters are their own business."""


def plain(text: str) -> Folded:
    """The text to scan, with the way back. Costs next to nothing where there is no disguise."""
    return Folded(text) if text.isascii() or _DISGUISED.search(text) is None else fold(text)
