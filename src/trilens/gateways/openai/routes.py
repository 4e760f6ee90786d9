"""`POST /v1/chat/completions`: the path of one request, in order.

(1) who asks                  credentials, before a byte of the body is read
(2) for what                  the body, parsed once
(3) was it held before        the same case, or the kept answer
(4) judge the request         nothing is sent before this is committed
(5) ask a model               and the next ones when it fails, each judged first
(6) judge the answer
(7) release                   nothing leaves before (6) is committed
"""

from dataclasses import replace

from starlette.types import Receive, Scope, Send

from trilens.enforce.drive import Asked
from trilens.enforce.hold import Approved, Fresh, Refused, Waiting
from trilens.errors import TrilensError, WireError
from trilens.gateways.asgi import JSON, Reply, refused, send_reply
from trilens.gateways.body import ClientLeftError, read_body
from trilens.gateways.gateway import Gateway, Taken
from trilens.gateways.headers import Head, answer_headers, read_head
from trilens.gateways.openai.inbound import Inbound, read_request
from trilens.gateways.openai.kept import DecidedAnswer, KeptAnswer, decided_answer
from trilens.gateways.openai.outbound import (
    Said,
    check_media,
    edited,
    read_answer,
    read_refusal,
    write_answer,
)
from trilens.gateways.openai.relay import relay, replay
from trilens.gateways.openai.ruling import Whole, rule
from trilens.gateways.openai.withheld import without
from trilens.gateways.presence import Presence
from trilens.gateways.refusal import Refusal, of_error, of_open_case, of_plan, of_refused_case
from trilens.storage.ports import Actor
from trilens.vocabulary.outcome import Outcome

_PATH = "/chat/completions"
_NOT_POST = Refusal(405, "invalid_request_error", "method_not_allowed", "this address takes `POST` only")


class ChatCompletions:
    """The route as a raw ASGI callable."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._serve(scope, receive, send)
        except ClientLeftError:
            return
        except TrilensError as error:
            reply = refused(of_error(error))
        if reply is not None:
            await send_reply(send, reply)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> Reply | None:
        """The whole answer; None when it was streamed."""
        if scope["method"] != "POST":
            return refused(_NOT_POST)
        gateway = self._gateway
        # (1) who asks
        head = read_head(scope["headers"], gateway.roles)
        principal = gateway.credentials.principal(head)
        gateway.admission.require_room()
        # (2) for what
        inbound = read_request(await read_body(receive, head))
        asked = gateway.asked(inbound, principal, head)
        # (3) was it held before
        match await gateway.driver.standing(asked):
            case Waiting(case):
                return refused(of_open_case(case))
            case Refused(case):
                return refused(of_refused_case(case))
            case Approved(case):
                decided = decided_answer(gateway.driver, case)
                if decided is not None:
                    return await self._release_kept(asked, decided, send)
            case Fresh():
                pass
        # (4) judge the request
        async with gateway.admission.request():
            ruled = await gateway.driver.judge_request(asked)
        if ruled.plan.outcome not in (Outcome.ALLOW, Outcome.MODIFY):
            return refused(of_plan(ruled.plan, gateway.system))
        # (5) to (7)
        return await self._answer(asked, without(inbound, ruled.withheld), head, receive, send)

    async def _answer(self, asked: Asked, inbound: Inbound, head: Head, receive: Receive, send: Send) -> Reply | None:
        async with Presence(receive):
            taken = await self._gateway.ask(asked, inbound, head.onward, path=_PATH)
        async with taken.reply as reply:
            if reply.status != 200:
                await self._gateway.note_fault(asked, taken.model, "upstream/refused")
                return refused(read_refusal(await reply.read(), reply.status))
            with self._gateway.halts.watching(Actor(asked.principal.agent, asked.session), reply) as halt:
                watched = replace(taken, reply=halt)
                if inbound.is_stream:
                    refusal = await relay(self._gateway, asked, watched, receive, send)
                    return None if refusal is None else refused(refusal)
                said = await self._read_whole(asked, watched, receive)
        return await self._release(asked, taken.model, said, answer_headers(reply.headers))

    async def _read_whole(self, asked: Asked, taken: Taken, receive: Receive) -> Said:
        try:
            check_media(taken.reply.content_type, "application/json")
            async with Presence(receive):
                raw = await taken.reply.read()
            return read_answer(raw)
        except WireError as error:
            await self._gateway.note_fault(asked, taken.model, error.code)
            raise

    async def _release(
        self, asked: Asked, model: str, said: Said, headers: list[tuple[bytes, bytes]], *, kept_case: str = ""
    ) -> Reply:
        kept = KeptAnswer(model, is_stream=False, raw=said.raw).write()
        whole = Whole(said.text, said.calls, kept, kept_case)
        async with self._gateway.admission.answer():
            released = await rule(self._gateway.driver, asked, whole)
        if isinstance(released, Refusal):
            return refused(released)
        if released.decisions:
            headers.append((b"x-trilens-decision", released.decisions))
        return Reply(200, tuple(headers), write_answer(said, released.leaving))

    async def _release_kept(self, asked: Asked, decided: DecidedAnswer, send: Send) -> Reply | None:
        """Release what people approved, once, with their edit, after it was judged again; no model is asked."""
        if decided.kept.is_stream:
            refusal = await replay(self._gateway.driver, asked, decided, send)
            return None if refusal is None else refused(refusal)
        said = read_answer(decided.kept.raw)
        if decided.edit is not None:
            said = edited(said, decided.edit)
        return await self._release(asked, decided.kept.model, said, [JSON], kept_case=decided.case)
