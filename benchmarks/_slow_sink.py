"""A relay that answers each burst of commands so many seconds late, as one far away does: `python -m benchmarks._slow_sink PORT SECONDS`."""

import asyncio
import sys


class Conversation(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self.delay, self.rest, self.in_body = delay, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.later(b"220 far.example ESMTP\r\n")

    def later(self, words: bytes) -> None:
        asyncio.get_running_loop().call_later(self.delay, self.transport.write, words)

    def data_received(self, piece: bytes) -> None:
        self.rest += piece
        answers = b""
        while True:
            if self.in_body:
                _, end, rest = self.rest.partition(b"\r\n.\r\n")
                if not end:
                    break
                self.rest, self.in_body = rest, False
                answers += b"250 2.0.0 Ok\r\n"
            line, end, rest = self.rest.partition(b"\r\n")
            if not end:
                break
            self.rest = rest
            answers += self.answer(line[:4].upper())
        if answers:
            self.later(answers)

    def answer(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self.in_body = True
            return b"354 Go on\r\n"
        if verb == b"EHLO":
            return b"250-far.example\r\n250 PIPELINING\r\n"
        return b"221 Bye\r\n" if verb == b"QUIT" else b"250 2.0.0 Ok\r\n"


async def serve(port: int, delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(delay), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
