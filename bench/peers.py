"""The servers that are measured, each in a process of its own, and what the system says each of them uses."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_NGINX = """
daemon off; master_process on; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 1000000; client_body_buffer_size 64k;
  {server}
}}
"""
_PROXY = """upstream model {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering {buffering}; }} }}"""
_START_S = 20.0
_END_S = 40.0


@dataclass(frozen=True)
class Peer:
    """One server under load."""

    name: str
    port: int
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """What it wants to be asked with."""
    key: str = ""

    def cpu_s(self) -> float:
        """Processor time of the process and its children, all threads that live."""
        pids = [self.pid, *_children(self.pid)]
        return sum(_running_ns(pid) for pid in pids) / 1e9

    def resident_kb(self) -> int:
        """Memory of the process that is in RAM."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - names alone


@contextmanager
def nginx(folder: Path, server: str) -> Iterator[int]:
    """An nginx with one `server` block, with a state folder of its own; its process id."""
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, server=server))
    process = subprocess.Popen(["nginx", "-c", str(file), "-p", str(folder)])
    try:
        _wait_for(int(server.partition("listen 127.0.0.1:")[2].partition(";")[0]))
        yield process.pid
    finally:
        _end(process)


@contextmanager
def proxy(folder: Path, upstream: int, *, is_buffered: bool = True) -> Iterator[Peer]:
    """An nginx in front of `upstream`, as small as one can be."""
    port = free_port()
    server = _PROXY.format(upstream=upstream, port=port, buffering="on" if is_buffered else "off")
    with nginx(folder, server) as pid:
        yield Peer("nginx", port, pid)


@contextmanager
def served(kind: str, upstream: int, folder: Path) -> Iterator[Peer]:
    """A server of `bench.served` in front of `upstream`."""
    command = [sys.executable, "-m", "bench.served", kind, f"http://127.0.0.1:{upstream}", str(folder)]
    with _announced(command) as (process, (port, key)):
        _wait_for(int(port))
        headers = {} if kind == "frame" else {"Authorization": f"Bearer {key}", "X-Trilens-On-Behalf-Of": "C-17"}
        yield Peer(kind, int(port), process.pid, headers, key)


@contextmanager
def model(*, delay_ms: int = 0, pace_ms: int = 0) -> Iterator[Peer]:
    """The upstream of `bench.model`."""
    command = [sys.executable, "-m", "bench.model", str(delay_ms), str(pace_ms)]
    with _announced(command) as (process, (port,)):
        yield Peer("model", int(port), process.pid)


@contextmanager
def _announced(command: Sequence[str]) -> Iterator[tuple["subprocess.Popen[str]", list[str]]]:
    """A process, and the words of its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise AssertionError("its output was asked for")
        yield process, process.stdout.readline().split()
    finally:
        _end(process)


def _end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    end_s = time.monotonic() + _START_S
    while time.monotonic() < end_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens at {port}")


def nginx_version() -> str:
    told = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True)
    return told.stderr.strip()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _running_ns(pid: int) -> int:
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat"))
