"""A mail server that answers, and refuses every sender. Run inside a container, by its path: it imports nothing of ours."""

import asyncio

ANSWERS = {b"EHLO": b"250 here", b"MAIL": b"553 5.1.8 sender domain does not exist", b"QUIT": b"221 bye"}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Holds one conversation."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        writer.write(ANSWERS.get(line[:4].upper(), b"250 ok") + b"\r\n")


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", 1025)  # noqa: S104  in a container
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
