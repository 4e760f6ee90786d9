"""What has arrived of a stream and has not left: events in order, and how many of their letters were judged."""

from collections import deque

from trilens.gateways.openai.stream import Piece


class Backlog:
    """An event leaves whole, once all its letters were judged, and never before an earlier one."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self.judged = 0
        """Letters at the front that were judged."""
        self.has_role = False
        """The event that names the role has left."""

    def add(self, piece: Piece) -> None:
        self._pieces.append(piece)

    def put_in_front(self, piece: Piece) -> None:
        """Add an event of judged words just before the first words that wait."""
        ahead = self._take_wordless()
        self._pieces.extendleft((piece, *reversed(ahead)))
        self.judged += len(piece.text)

    def take_judged(self) -> bytes:
        """The events whose letters were all judged; empty as long as that is none with letters."""
        ready: list[Piece] = []
        letters = 0
        for piece in self._pieces:
            if piece.is_of_the_whole or letters + len(piece.text) > self.judged:
                break
            letters += len(piece.text)
            ready.append(piece)
        if not letters:
            return b""
        for _ in ready:
            self._pieces.popleft()
        self.judged -= letters
        return self._leave(ready)

    def take_all(self) -> bytes:
        """Every event as it is."""
        ready = list(self._pieces)
        self._pieces.clear()
        self.judged = 0
        return self._leave(ready)

    def take_lead(self) -> bytes:
        """The events before the first words, calls or end."""
        return self._leave(self._take_wordless())

    def take_tail(self) -> bytes:
        """Of what is left, the use of tokens and the terminal event; words, calls and the reason to finish are dropped."""
        kept = [piece for piece in self._pieces if piece.is_usage or piece.is_done]
        self._pieces.clear()
        self.judged = 0
        return self._leave(kept)

    def _take_wordless(self) -> list[Piece]:
        taken: list[Piece] = []
        while self._pieces and self._pieces[0].is_wordless:
            taken.append(self._pieces.popleft())
        return taken

    def _leave(self, pieces: list[Piece]) -> bytes:
        self.has_role |= any(piece.has_role for piece in pieces)
        return b"".join(piece.raw for piece in pieces)
