"""What is asked of a transport to the Bot API: one suite over the library's own (httpx) and ours (aiohttp), against
a server that answers byte for byte as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from telegram import InputFile
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from bot.telegram.transport import AiohttpRequest, _proxy

TOKEN = "7:token-of-nobody"
PATIENCE = 0.4
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _httpx() -> BaseRequest:
    return HTTPXRequest(
        connection_pool_size=2,
        read_timeout=PATIENCE,
        write_timeout=5,
        connect_timeout=5,
        pool_timeout=PATIENCE,
    )


def _aiohttp() -> BaseRequest:
    return AiohttpRequest(connections=2, read=PATIENCE, write=5, connect=5, pool=PATIENCE)


@pytest_asyncio.fixture(params=[_httpx, _aiohttp], ids=["httpx", "aiohttp"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[BaseRequest]:
    made: BaseRequest = request.param()
    await made.initialize()
    yield made
    await made.shutdown()


class Server:
    """Keeps what it was sent; gives what `answer` writes."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                self.bodies.append(await _body(reader, head))
                await self.answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if fields.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(fields.get("content-length", 0)))
    whole = b""
    while size := int(await reader.readline(), 16):
        whole += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return whole


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/bot{TOKEN}/sendMessage"
    try:
        yield server
    finally:
        listening.close()


def says(status: str, body: bytes, *fields: str) -> Answer:
    head = "".join(
        f"{one}\r\n" for one in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "")
    )

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)

    return answer


def form(**parameters: object) -> RequestData:
    return RequestData([RequestParameter.from_input(name, value) for name, value in parameters.items()])


async def test_a_form_is_posted_and_the_body_is_given_back(transport: BaseRequest) -> None:
    async with serving(says("200 OK", b'{"ok":true,"result":{"a":1}}')) as server:
        result = await transport.post(server.url, form(chat_id=5, text="a b&c=ü", silent=True))
    assert result == {"a": 1}
    assert server.bodies == [b"chat_id=5&text=a+b%26c%3D%C3%BC&silent=true"]
    assert "application/x-www-form-urlencoded" in server.heads[0]


async def test_without_parameters_nothing_is_sent(transport: BaseRequest) -> None:
    async with serving(says("200 OK", b'{"ok":true,"result":{}}')) as server:
        assert await transport.post(server.url) == {}
    assert server.bodies == [b""]


async def test_a_picture_goes_up_whole_beside_its_fields(transport: BaseRequest) -> None:
    picture = bytes(range(256)) * 400
    file = InputFile(picture, filename="chart.png")
    async with serving(says("200 OK", b'{"ok":true,"result":{}}')) as server:
        await transport.post(server.url, form(chat_id=5, caption="ü", photo=file))
    body = server.bodies[0]
    assert picture in body
    assert b'filename="chart.png"' in body
    assert b"image/png" in body
    assert "ü".encode() in body
    assert "multipart/form-data; boundary=" in server.heads[0]


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("400 Bad Request", b'{"ok":false,"description":"Bad Request: chat not found"}', BadRequest),
        ("401 Unauthorized", b'{"ok":false,"description":"Unauthorized"}', InvalidToken),
        ("429 Too Many Requests", b'{"ok":false,"parameters":{"retry_after":7}}', RetryAfter),
        ("502 Bad Gateway", b"<html>bad gateway</html>", NetworkError),
        ("500 Internal Server Error", b"", NetworkError),
    ],
)
async def test_what_the_server_refuses_has_the_librarys_own_error(
    transport: BaseRequest, status: str, body: bytes, error: type[Exception]
) -> None:
    async with serving(says(status, body)) as server:
        with pytest.raises(error) as raised:
            await transport.post(server.url, form(chat_id=5))
    assert TOKEN not in str(raised.value)


async def test_a_redirect_is_not_followed(transport: BaseRequest) -> None:
    """The token is in the address: nobody else's server gets to see it (law 14)."""
    async with (
        serving(says("200 OK", b'{"ok":true,"result":{}}')) as other,
        serving(says("302 Found", b"", f"Location: {other.url}")) as server,
    ):
        with pytest.raises(NetworkError):
            await transport.post(server.url, form(chat_id=5))
    assert other.heads == []


async def test_no_answer_in_time_is_timed_out_and_sent_once(transport: BaseRequest) -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async with serving(silence) as server:
        with pytest.raises(TimedOut):
            await transport.post(server.url, form(chat_id=5))
    assert len(server.bodies) == 1


async def test_a_time_given_with_the_call_counts_before_the_transports_own(transport: BaseRequest) -> None:
    """As long polling does it."""

    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(PATIENCE * 2)
        await says("200 OK", b'{"ok":true,"result":[]}')(writer)

    async with serving(slow) as server:
        assert await transport.post(server.url, form(timeout=1), read_timeout=5) == []


async def _cut(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
    await writer.drain()
    writer.close()


async def _gone(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _noise(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01 no such protocol\r\n\r\n")


@pytest.mark.parametrize("answer", [_cut, _gone, _noise])
async def test_a_connection_that_breaks_is_a_network_error_sent_once(
    transport: BaseRequest, answer: Answer
) -> None:
    async with serving(answer) as server:
        with pytest.raises(NetworkError) as raised:
            await transport.post(server.url, form(chat_id=5))
    assert len(server.bodies) == 1, "what may have arrived is not sent again by itself"
    assert TOKEN not in str(raised.value)


async def test_nobody_listens(transport: BaseRequest) -> None:
    async with serving(says("200 OK", b"")) as server:
        url = server.url
    with pytest.raises(NetworkError) as raised:
        await transport.post(url, form(chat_id=5))
    assert TOKEN not in str(raised.value)


async def test_an_address_that_is_none_is_told_without_the_token(transport: BaseRequest) -> None:
    with pytest.raises(NetworkError) as raised:
        await transport.post(f"http://[::1/bot{TOKEN}/getMe", form(chat_id=5))
    if isinstance(transport, AiohttpRequest):
        assert TOKEN not in str(raised.value)


async def test_a_connection_is_used_again_until_the_server_ends_it(transport: BaseRequest) -> None:
    async with serving(says("200 OK", b'{"ok":true,"result":1}')) as server:
        for _ in range(3):
            assert await transport.post(server.url, form(chat_id=5)) == 1
        assert server.connections == 1
        server.answer = says("200 OK", b'{"ok":true,"result":2}', "Connection: close")
        assert await transport.post(server.url, form(chat_id=5)) == 2
        assert await transport.post(server.url, form(chat_id=5)) == 2
    assert server.connections == 2


async def test_a_full_pool_is_timed_out(transport: BaseRequest) -> None:
    open_now = asyncio.Event()

    async def held(writer: asyncio.StreamWriter) -> None:
        await open_now.wait()
        await says("200 OK", b'{"ok":true,"result":1}')(writer)

    async with serving(held) as server:
        busy = [
            asyncio.create_task(transport.post(server.url, form(chat_id=5), read_timeout=30))
            for _ in range(2)
        ]
        while len(server.bodies) < 2:
            await asyncio.sleep(0.01)
        with pytest.raises(TimedOut):
            await transport.post(server.url, form(chat_id=6), connect_timeout=0.1, pool_timeout=0.1)
        open_now.set()
        assert await asyncio.gather(*busy) == [1, 1]
    assert all(b"chat_id=6" not in body for body in server.bodies)


async def test_what_is_shut_down_says_so_and_can_be_opened_again(transport: BaseRequest) -> None:
    async with serving(says("200 OK", b'{"ok":true,"result":1}')) as server:
        await transport.shutdown()
        await transport.shutdown()
        with pytest.raises((RuntimeError, NetworkError)):
            await transport.post(server.url, form(chat_id=5))
        await transport.initialize()
        assert await transport.post(server.url, form(chat_id=5)) == 1


async def test_a_cancelled_request_leaves_the_pool_usable(transport: BaseRequest) -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async with serving(silence) as server:
        for _ in range(4):
            waiting = asyncio.create_task(transport.post(server.url, form(chat_id=5), read_timeout=30))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        server.answer = says("200 OK", b'{"ok":true,"result":1}')
        assert await transport.post(server.url, form(chat_id=5)) == 1


@pytest.mark.parametrize("make", [_httpx, _aiohttp], ids=["httpx", "aiohttp"])
async def test_the_environments_proxy_is_asked(
    make: Callable[[], BaseRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(says("200 OK", b'{"ok":true,"result":1}')) as proxy:
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url.partition("/bot")[0])
        _proxy.cache_clear()
        transport = make()
        await transport.initialize()
        try:
            assert await transport.post(f"http://api.example/bot{TOKEN}/getMe") == 1
        finally:
            await transport.shutdown()
            _proxy.cache_clear()
    assert proxy.heads[0].startswith(f"POST http://api.example/bot{TOKEN}/getMe")
