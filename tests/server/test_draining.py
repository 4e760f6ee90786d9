"""A server that is told to stop takes nothing new, lets what runs finish for a while, and ends the rest openly."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from trilens.testing.installation import Installation, open_installation
from trilens.testing.puppet import Puppet
from trilens.testing.serving import Serving

pytestmark = pytest.mark.requirement("S13")

ASK: list[Any] = [{"role": "user", "content": "Gr\u00fcezi"}]


def chunk(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "x", "model": "m", "created": 1, "choices": [choice]}).encode() + b"\n\n"


class Reading(threading.Thread):
    def __init__(self, client: openai.OpenAI) -> None:
        super().__init__(daemon=True)
        self.text = ""
        self.error: openai.APIError | None = None
        self.got_words = threading.Event()
        self._client = client

    def run(self) -> None:
        try:
            for part in self._client.chat.completions.create(model="chat", messages=ASK, stream=True):
                self.text += part.choices[0].delta.content or ""
                self.got_words.set()
        except openai.APIError as error:
            self.error = error


class Running:
    """A server with one stream under way."""

    def __init__(self, here: Installation, puppet: Puppet, server: Serving, stack: ExitStack) -> None:
        self.here, self.puppet, self.server = here, puppet, server
        client = openai.OpenAI(base_url=server.base_url, api_key=here.key(), max_retries=0)
        self.reading = Reading(stack.enter_context(client))
        puppet.head()
        puppet.push(chunk("The first sentence is here. The second one follows it. "))
        self.reading.start()
        assert self.reading.got_words.wait(20)

    def stop(self) -> threading.Thread:
        """Tell it to stop, as a signal does; the thread ends when the server has."""
        ending = threading.Thread(target=self.server.__exit__, args=(None, None, None), daemon=True)
        ending.start()
        return ending

    def deliveries(self) -> list[tuple[object, object]]:
        return [(e.body["letters"], e.body["why"]) for e in self.here.entries() if e.kind == "delivery"]


@contextmanager
def running(tmp_path: Path, *, finish_s: float) -> Iterator[Running]:
    with ExitStack() as stack:
        puppet = stack.enter_context(Puppet())
        here = stack.enter_context(open_installation(tmp_path / "state", upstream=puppet.base_url))
        server = stack.enter_context(Serving(here, finish_s=finish_s))
        yield Running(here, puppet, server, stack)


def test_a_stream_that_ends_in_time_is_delivered_whole(tmp_path: Path) -> None:
    with running(tmp_path, finish_s=15) as run:
        ending = run.stop()
        run.puppet.push(chunk("The end.", "stop") + b"data: [DONE]\n\n")
        run.puppet.end()
        run.reading.join(10)
        ending.join(10)
        assert not ending.is_alive()
        assert run.reading.error is None
        assert run.reading.text.endswith("The end.")
        assert run.deliveries() == []


def test_a_stream_that_does_not_is_ended_openly_and_recorded(tmp_path: Path) -> None:
    with running(tmp_path, finish_s=0.3) as run:
        began_s = time.monotonic()
        ending = run.stop()
        run.reading.join(10)
        ending.join(10)
        assert not ending.is_alive()
        assert time.monotonic() - began_s < 5
        assert isinstance(run.reading.error, openai.APIError)
        assert run.reading.error.code == "shutting_down"
        assert run.deliveries() == [(len(run.reading.text), "shutting_down")]


def test_nothing_new_is_taken_meanwhile_and_the_connection_is_closed(tmp_path: Path) -> None:
    with running(tmp_path, finish_s=15) as run:
        host = run.server.address.removeprefix("http://")
        app = run.server._server.app
        # as between the signal and the close of the listener
        app._is_draining = True
        for path, status in (
            ("/v1/chat/completions", 503),
            ("/operator/stops", 503),
            ("/readyz", 503),
            ("/healthz", 200),
        ):
            connection = http.client.HTTPConnection(host, timeout=10)
            connection.request("GET", path)
            got = connection.getresponse()
            assert got.status == status, path
            body = got.read()
            if status == 503:
                assert got.getheader("retry-after")
                assert got.getheader("connection") == "close"
                assert b"shutting" in body
            connection.close()
        ending = run.stop()
        run.puppet.push(chunk("The end.", "stop") + b"data: [DONE]\n\n")
        run.puppet.end()
        ending.join(10)
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection(host, timeout=2).connect()
