"""Did you mean: the known words that are nearest to a written one."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known words nearest to `word`, at most three, in the order given; none when nothing is near.

    INVARIANT: a word one letter away (left out, doubled, changed, or swapped with its neighbour) is always among them.
    """
    limit = max(1, len(word) // 3)
    folded = word.casefold()
    distances = [(edits(folded, other.casefold(), limit), other) for other in dict.fromkeys(known)]
    least = min((distance for distance, _ in distances), default=limit + 1)
    if least > limit:
        return ()
    return tuple(other for distance, other in distances if distance == least)[:3]


def edits(a: str, b: str, limit: int) -> int:
    """Optimal string alignment distance: insertions, deletions, changes, and swaps of neighbours; `limit + 1` when above it."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return min(last[-1], limit + 1)


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """``did you mean `a` or `b`?``, else what is known, else `otherwise`."""
    words = tuple(known)
    near = nearest(word, words)
    if near:
        return f"did you mean {spelled(near, 'or')}?"
    if otherwise or not words:
        return otherwise
    return f"known here: {spelled(words[:12], 'and')}" + (" and others" if len(words) > 12 else "")


def spelled(words: Iterable[str], joint: str) -> str:
    """Words in back-ticks, the last one after `joint`."""
    quoted = [f"`{word}`" for word in words]
    return f" {joint} ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)
