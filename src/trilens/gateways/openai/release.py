"""A stream, released in judged windows (`enforce/release.py` says where they end).

    words               judged window by window; the bytes that came leave when nothing was changed
    tool calls          leave whole, with the end of the answer, judged with it
    not as it is        the first window that may not leave ends the windows: the answer is read to its end and judged as one
    the end             without its terminal event it is no answer

INVARIANT: no byte that carries words or calls is written before the judgement of those words or calls was committed.
"""

from collections.abc import Sequence
from dataclasses import replace

from trilens.enforce.drive import Asked, AsyncDriver
from trilens.enforce.release import context_of, window_end
from trilens.gateways.openai.backlog import Backlog
from trilens.gateways.openai.kept import KeptAnswer
from trilens.gateways.openai.outbound import Leaving, decision_ids, edited_calls, unreadable
from trilens.gateways.openai.ruling import Released, Whole, rule
from trilens.gateways.openai.stream import DONE, Piece, Transcript
from trilens.gateways.outlet import Outlet
from trilens.gateways.refusal import Refusal
from trilens.gateways.sse import Event, EventSplitter
from trilens.people.approvals.edit import Edit


class StreamRelease:
    """One answer on its way from an upstream to a client. Feed it bytes, then end it, once."""

    def __init__(self, driver: AsyncDriver, asked: Asked, *, model: str, outlet: Outlet) -> None:
        self._driver = driver
        self._asked = asked
        self._model = model
        self._outlet = outlet
        self._splitter = EventSplitter()
        self._transcript = Transcript()
        self._backlog = Backlog()
        self._raw: list[bytes] = []
        self._judged = ""
        """All words that were judged, as they leave."""
        self._waiting: list[str] = []
        """Words that were not judged yet."""
        self._in_windows = True

    @property
    def delivered(self) -> int:
        """Letters that were written to the client."""
        return len(self._judged) - self._backlog.judged

    @property
    def is_done(self) -> bool:
        """The terminal event has come."""
        return self._transcript.is_done

    def take(self, data: bytes) -> None:
        """Take in bytes of the upstream. Raises: WireError when the stream cannot be read."""
        self._raw.append(data)
        self._read(self._splitter.feed(data))

    def _read(self, events: Sequence[Event]) -> None:
        for event in events:
            piece = self._transcript.read(event)
            self._backlog.add(piece)
            self._waiting.append(piece.text)

    async def release(self) -> None:
        """Release what may leave already. Raises: StoreError, and then nothing more may leave."""
        transcript = self._transcript
        if not self._in_windows or transcript.has_calls or transcript.finish_reason:
            # what is left is judged at once with the end
            return
        waiting = "".join(self._waiting)
        stop = window_end(waiting, len(self._judged))
        if stop is None:
            return
        context, new = context_of(self._judged), waiting[:stop]
        ruled = await self._driver.judge_window(
            self._asked,
            context + new,
            text_ref=f"choices[0].message.content[:{len(self._judged) + stop}]",
            is_first=not self._judged,
        )
        left = ruled.plan.rulings[0].leaves if ruled else None
        if ruled is None or left is None:
            self._in_windows = False
            return
        self._waiting = [waiting[stop:]]
        self._pass(new, front=left.text[: len(left.text) - len(context) - len(new)])
        ready = self._backlog.take_judged()
        if ready:
            await self._outlet.write(ready, decisions=decision_ids(ruled.plan))

    def _pass(self, words: str, *, front: str = "") -> None:
        """Let words leave as they came; `front` is put before them as an event of its own."""
        if front:
            self._backlog.put_in_front(Piece(self._transcript.own_chunk({"content": front}), front))
        self._judged += front + words
        self._backlog.judged += len(words)

    async def end(self, *, kept_case: str = "", edit: Edit | None = None) -> Refusal | None:
        """Judge and release the rest.

        Args:
            kept_case: the approved case of which this is the kept answer.
            edit: what people changed of it.

        Returns:
            Why the rest may not leave; the client has not been told yet.

        Raises:
            WireError: the stream did not reach its end, or cannot be read.
            StoreError: as `release`.
        """
        self._read(self._splitter.flush())
        if not self._transcript.is_complete:
            raise unreadable("it broke off before its end")
        came = self._transcript.calls()
        calls = edited_calls(came, edit) if edit else came
        waiting = "".join(self._waiting)
        rest = edit.text if edit and edit.text is not None else waiting
        context = context_of(self._judged) if rest else ""
        kept = KeptAnswer(self._model, is_stream=True, raw=self._to_keep(Leaving(rest, calls, ()), edit)).write()
        whole = Whole(context + rest, calls, kept, kept_case, is_begun=bool(self._judged))
        released = await rule(self._driver, self._asked, whole)
        if isinstance(released, Refusal):
            return released
        if not released.leaving.text.startswith(context):
            return _too_late(released)
        leaving = replace(released.leaving, text=released.leaving.text[len(context) :])
        has_same_calls = edit is None and self._transcript.is_plain and leaving.is_all_of(leaving.text, came)
        front = leaving.text.removesuffix(waiting)
        if has_same_calls and leaving.text.endswith(waiting) and not (front and self._judged):
            self._pass(waiting, front=front)
            data = self._backlog.take_all()
        else:
            data = self._in_own_words(leaving)
        await self._outlet.write(data, decisions=released.decisions)
        return None

    def _in_own_words(self, leaving: Leaving) -> bytes:
        """The end of the answer in events of our own."""
        unsent = self._judged[self.delivered :]
        reasons = leaving.reasons
        if self.delivered and not unsent and not leaving.text and reasons:
            reasons = ("\n\n" + reasons[0], *reasons[1:])
        lead = self._backlog.take_lead()
        own = self._transcript.own_events(
            replace(leaving, text=unsent + leaving.text, reasons=reasons), with_role=not self._backlog.has_role
        )
        self._judged += leaving.text
        return lead + own + self._backlog.take_tail()

    def _to_keep(self, answer: Leaving, edit: Edit | None) -> bytes:
        """The whole stream as it came, or as people edited it."""
        if edit is None:
            return b"".join(self._raw)
        return self._transcript.own_events(answer, with_role=True) + DONE


def _too_late(released: Released) -> Refusal:
    """Words that left already can be neither changed nor taken back."""
    reasons = released.leaving.reasons
    why = reasons[0] if reasons else "the answer had to be changed after a part of it had left"
    return Refusal(403, "policy_violation", "stopped_midway", why, decision=released.stopped_by)
