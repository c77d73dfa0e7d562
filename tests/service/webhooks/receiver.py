"""A receiver of webhooks, as a process: it writes down what it gets, and behaves as the file beside says.

`python -m tests.service.webhooks.receiver FOLDER` listens on a free port, which it prints. FOLDER/mode holds how it answers: `ok`,
`fail`, `gone`, `redirect`, `hang`, `lie` (an answer that ends too early), `flood` (one that never ends), `garbage`, `drop`. FOLDER/got
gets a line of JSON for each request that was read whole, before it is answered.
"""

import asyncio
import json
import sys
from pathlib import Path

ANSWERS = {
    "ok": b"HTTP/1.1 204 No Content\r\n\r\n",
    "fail": b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno",
    "gone": b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "lie": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nfar less",
    "garbage": b"\x00\xff nothing of the kind\r\n\r\n",
}


class Receiver:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mode(self) -> str:
        return (self.folder / "mode").read_text("utf-8").strip()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        mode = self.mode()
        with (self.folder / "got").open("a", encoding="utf-8") as got:
            got.write(json.dumps({"path": first.split()[1], "headers": headers, "body": body, "mode": mode}) + "\n")
        if mode == "hang":
            await asyncio.sleep(600)
        elif mode == "flood":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        elif mode != "drop":
            writer.write(ANSWERS[mode])
            await writer.drain()
        return mode in {"ok", "fail"}


async def main(folder: Path) -> None:
    server = await asyncio.start_server(Receiver(folder).serve, "127.0.0.1", int(sys.argv[2]) if sys.argv[2:] else 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how it says where it listens
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
