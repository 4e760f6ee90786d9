"""How a stream is released: in windows, each judged and committed before it leaves.

A window ends where a sentence or a paragraph does, so that no guard sees half an amount or half an address. Each is at least as long as
all that left before it, up to `LONGEST`: an answer of n letters takes about log2(n) commits until then, and one for every 2 kB after that. What is
judged is the text from its beginning (of a long one its head and its tail), so that nothing passes by being split over windows.
"""

import re

LONGEST = 2048
"""Letters that may wait for the end of their sentence; then any white space ends the window."""
_HEAD, _TAIL = 2048, 14_336
"""Of what left already, what every further window is judged with."""
_GAP = "\n"
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]*_]*\s|[。！？]|\n")
_WHITE_SPACE = re.compile(r"\s")


def window_end(waiting: str, left: int) -> int | None:
    """Where the next window ends.

    Args:
        waiting: text that has arrived and was not judged.
        left: letters that were judged before.

    Returns:
        Letters of `waiting` that belong to it, white space after the sentence included; None to wait for more.
    """
    if len(waiting) < min(left, LONGEST):
        return None
    end = _last(_SENTENCE_END, waiting)
    if end is None and len(waiting) >= LONGEST:
        end = _last(_WHITE_SPACE, waiting) or len(waiting)
    return end


def _last(pattern: re.Pattern[str], text: str) -> int | None:
    end = None
    for found in pattern.finditer(text):
        end = found.end()
    return end


def context_of(left: str) -> str:
    """What a further window is judged after."""
    if len(left) <= _HEAD + _TAIL:
        return left
    return left[:_HEAD] + _GAP + left[-_TAIL:]
