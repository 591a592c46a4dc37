"""The ZeroMQ context of an engine that is gone: ended, and never by Python's garbage collector, which would wait for its sockets in any line."""

import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest
from patience import PATIENCE, comes

from models.engines.vllm import sockets

zmq = pytest.importorskip("zmq")
LEFT = """
    import gc, types, zmq, zmq.asyncio
    from models.engines.vllm import sockets

    class Part: pass

    own = zmq.Context(io_threads=2)
    seen, unseen = [zmq.asyncio.Context(own).socket(zmq.ROUTER) for _ in range(2)]
    for socket in (seen, unseen):
        socket.bind("inproc://" + str(id(socket)))
    client = types.SimpleNamespace(resources=types.SimpleNamespace(ctx=own, input_socket=seen, output_socket=None))
    part = Part()
    part.part, part.client, part.unseen = part, client, unseen  # in a cycle, as vLLM's are: only the collector takes them
    END_HERE
    del part, client, own, seen, unseen, socket
    gc.collect()
    print("collected", flush=True)
"""


def collected(end: str) -> bool:
    """Whether the collector comes to its end where sockets are open, in a process of its own: it may not."""
    program = textwrap.dedent(LEFT).replace("END_HERE", end)
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "collected" in done.stdout and done.returncode == 0


def test_what_is_left_open_does_not_hold_the_collector() -> None:
    assert collected("sockets.end(client)")


def client_of(context: object, **more: object) -> SimpleNamespace:
    return SimpleNamespace(resources=SimpleNamespace(ctx=context, **more))


def test_a_context_is_ended_and_what_was_left_open_is_closed() -> None:
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    sockets.end(client_of(context, input_socket=socket, output_socket=None))
    assert comes(lambda: context.closed)
    assert socket.closed


def test_of_a_client_whose_making_failed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    context, ended = zmq.Context(), list[object]()

    class Client:
        def __init__(self) -> None:
            self.resources = SimpleNamespace(ctx=context)
            raise RuntimeError("no engine")

    class AsyncClient(Client):
        def __init__(self) -> None:
            super().__init__()

    with pytest.raises(RuntimeError) as caught:
        AsyncClient()
    end = sockets._end

    def counted(one: object) -> None:
        ended.append(one)
        end(one)

    monkeypatch.setattr(sockets, "_end", counted)
    sockets.end_failed(caught.value.__traceback__)
    assert comes(lambda: context.closed)
    assert [one for one in ended if one is not None] == [context], "twice at once libzmq aborts the process"


@pytest.mark.parametrize("client", [None, object(), SimpleNamespace(), SimpleNamespace(resources=None), client_of(None)])
def test_other_clients_have_none(client: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "threading", SimpleNamespace(Thread=lambda **_: pytest.fail("nothing is to be ended")))
    sockets.end(client)
    sockets.end_failed(None)
