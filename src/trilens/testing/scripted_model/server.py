"""The scripted model as a server on loopback, in a thread of its own.

with ScriptedModel(parse_script(text)) as model:
    client = openai.OpenAI(base_url=model.base_url, api_key="unused")
    ...
    assert model.count == 1
"""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from trilens.testing.scripted_model.answering import plain, reply_of, response_of
from trilens.testing.scripted_model.completion import Header, Reply, error_body
from trilens.testing.scripted_model.conversation import Conversation, is_object, json_or_none, read_conversation
from trilens.testing.scripted_model.http11 import Connection, Request, Response
from trilens.testing.scripted_model.relay import Relay
from trilens.testing.scripted_model.script import Script, Step

_MODELS = b'{"object":"list","data":[{"id":"scripted","object":"model","created":0,"owned_by":"trilens"}]}'
_OBEY = Step(name="gullible", obey=True)
_START_S = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a completion, and what was said to it."""

    headers: Mapping[str, str]
    """Lower-case names."""
    raw: bytes
    body: Mapping[str, object]
    """Empty when the body was no JSON object."""
    step: str
    """Name of the step that answered; `gullible`, `relay`, or empty when none did."""
    reply: Reply
    """What the model said, before any fault."""


class ScriptedModel:
    """An OpenAI-compatible endpoint that plays a script. One use: enter, ask, leave."""

    def __init__(self, script: Script | None = None, *, port: int = 0, relay: str = "") -> None:
        """With `relay`, what no step answers is asked of that endpoint. Port 0: any free one."""
        self._script = script or Script()
        self._relay = Relay(relay) if relay else None
        self._port = port
        self._asked: list[Asked] = []
        self._plays: Counter[int] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scripted-model", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._failure: OSError | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def asked(self) -> tuple[Asked, ...]:
        """All requests for a completion so far, refused ones too."""
        return tuple(self._asked)

    @property
    def count(self) -> int:
        """How often the model was asked."""
        return len(self._asked)

    def play(self, script: Script) -> Script:
        """Continue with another script and give the one before; what was asked so far stays."""
        before, self._script, self._plays = self._script, script, Counter()
        return before

    def __enter__(self) -> Self:
        """Raises: OSError when the port is taken."""
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise TimeoutError("the scripted model did not start")
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._converse(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        try:
            server = await asyncio.start_server(accept, "127.0.0.1", self._port)
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            with contextlib.suppress(ConnectionError):
                while (request := await connection.next_request()) is not None:
                    if not await self._respond(request, connection):
                        return
        finally:
            writer.close()

    async def _respond(self, request: Request, connection: Connection) -> bool:
        match request.method, request.target.partition("?")[0]:
            case "POST", "/v1/chat/completions":
                return await self._complete(request, connection)
            case "GET", "/v1/models":
                return await connection.send(plain(200, _MODELS))
            case _:
                return await connection.send(plain(404, error_body("no such path", "not_found")))

    async def _complete(self, request: Request, connection: Connection) -> bool:
        parsed = json_or_none(request.body.decode("utf-8", "replace"))
        body = parsed if is_object(parsed) else {}
        conversation = read_conversation(body)
        step = self._step(conversation)
        if step is None:
            return await connection.send(await self._without_step(request, body))
        header = Header(self.count + 1, conversation.model, len(request.body))
        reply = reply_of(step, conversation, header.number)
        self._asked.append(Asked(request.headers, request.body, body, step.name, reply))
        if step.fault.delay_ms:
            await asyncio.sleep(step.fault.delay_ms / 1000)
        if step.fault.hang:
            await connection.wait_until_client_leaves()
            return False
        return await connection.send(response_of(reply, conversation, header, step.fault))

    def _step(self, conversation: Conversation) -> Step | None:
        for position, step in enumerate(self._script.steps):
            if step.when.fits(conversation) and not (step.times and self._plays[position] >= step.times):
                self._plays[position] += 1
                return step
        return _OBEY if self._script.gullible and conversation.messages else None

    async def _without_step(self, request: Request, body: Mapping[str, object]) -> Response:
        if self._relay is None or not body:
            self._asked.append(Asked(request.headers, request.body, body, "", Reply()))
            return plain(422, error_body("no step of the script fits", "no_step"))
        answer = await asyncio.to_thread(self._relay.ask, body, request.headers.get("authorization", ""))
        self._asked.append(Asked(request.headers, request.body, body, "relay", answer.reply))
        return plain(answer.status, answer.body, {"content-type": answer.content_type})
