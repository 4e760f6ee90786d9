"""A stream on its way through: started late, stopped openly, and recorded when not all of it arrived."""

import contextlib

from starlette.types import Receive, Send

from trilens.enforce.drive import Asked, AsyncDriver
from trilens.enforce.plan import DraftEntry
from trilens.errors import StoreError, TrilensError, WireError
from trilens.gateways.asgi import write_refusal
from trilens.gateways.body import ClientLeftError
from trilens.gateways.gateway import Gateway, Taken
from trilens.gateways.headers import answer_headers
from trilens.gateways.openai.kept import DecidedAnswer
from trilens.gateways.openai.outbound import check_media
from trilens.gateways.openai.release import StreamRelease
from trilens.gateways.outlet import Outlet
from trilens.gateways.presence import Presence
from trilens.gateways.refusal import Refusal, of_error
from trilens.gateways.upstream import UpstreamReply
from trilens.prove.ledger.entry import Kind

MEDIA = "text/event-stream"


async def relay(gateway: Gateway, asked: Asked, taken: Taken, receive: Receive, send: Send) -> Refusal | None:
    """Let an upstream's stream through.

    Returns:
        Why nothing of it leaves; None when the client has been answered, with an error event where it was stopped midway.

    Raises:
        ClientLeftError: the client left; how much it got is recorded.
    """
    outlet = Outlet(send, answer_headers(taken.reply.headers))
    release = StreamRelease(gateway.driver, asked, model=taken.model, outlet=outlet)
    try:
        async with Presence(receive):
            refusal = await _through(taken.reply, release)
    except ClientLeftError:
        await _note_delivery(gateway.driver, asked, release, "client_left")
        raise
    except TrilensError as error:
        refusal = of_error(error)
        if isinstance(error, WireError):
            with contextlib.suppress(StoreError):
                await gateway.note_fault(asked, taken.model, error.code)
    if refusal is None:
        await outlet.finish()
        await taken.reply.drain()
        return None
    if not outlet.is_started:
        return refusal
    await _note_delivery(gateway.driver, asked, release, refusal.code)
    await outlet.write(b"data: " + write_refusal(refusal) + b"\n\n")
    await outlet.finish()
    return None


async def _through(reply: UpstreamReply, release: StreamRelease) -> Refusal | None:
    check_media(reply.content_type, MEDIA)
    while data := await reply.next():
        release.take(data)
        if release.is_done:
            break
        await release.release()
    return await release.end()


async def replay(driver: AsyncDriver, asked: Asked, decided: DecidedAnswer, send: Send) -> Refusal | None:
    """Let a kept stream go, at once. Returns: as `relay`."""
    outlet = Outlet(send, [(b"content-type", MEDIA.encode())])
    release = StreamRelease(driver, asked, model=decided.kept.model, outlet=outlet)
    release.take(decided.kept.raw)
    refusal = await release.end(kept_case=decided.case, edit=decided.edit)
    if refusal is None:
        await outlet.finish()
    return refusal


async def _note_delivery(driver: AsyncDriver, asked: Asked, release: StreamRelease, why: str) -> None:
    """Record that an answer was not delivered whole; a journal that fails has its own word with the client."""
    with contextlib.suppress(StoreError):
        await driver.note(asked, DraftEntry(Kind.DELIVERY, {"letters": release.delivered, "whole": False, "why": why}))
