"""A mailbox by IMAP in which nothing is. Run inside a container, by its path, with its certificate and key: it imports nothing of ours."""

import asyncio
import ssl
import sys

PORT = 1143
ANSWERS = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1", b"SELECT": b"* 0 EXISTS", b"UID": b"* SEARCH", b"LOGOUT": b"* BYE"}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Holds one conversation: every command is well, and finds nothing."""
    writer.write(b"* OK here\r\n")
    while line := await reader.readline():
        tag, command, *_ = [*line.upper().split(), b"", b""]
        said = [ANSWERS[command]] if command in ANSWERS else []
        writer.write(b"".join(each + b"\r\n" for each in (*said, tag + b" OK done")))
    writer.close()


async def main() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*sys.argv[1:])
    server = await asyncio.start_server(serve, "0.0.0.0", PORT, ssl=context)  # noqa: S104  in a container
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
