"""A mailbox of the tests' own: an IMAP server (RFC 3501, and MOVE of RFC 6851) with what a reader of one folder asks for."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_fetched = re.compile(r"<(\d+)\.(\d+)>").search


@dataclass
class Letter:
    """One mail in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServer:
    """The folders and their mails, what was asked, and how it misbehaves."""

    address: tuple[str, int] = ("127.0.0.1", 0)
    password: str = "a secret"
    can_move: bool = True
    folders: dict[str, list[Letter]] = field(default_factory=lambda: {"INBOX": [], "Done": []})
    asked: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)  # commands that are answered with NO, or HANG up at
    hangs_up_at: str = ""
    _next: int = 1

    def bring(self, *mails: bytes, folder: str = "INBOX") -> None:
        for raw in mails:
            self.folders[folder].append(Letter(self._next, raw))
            self._next += 1

    def unseen(self, folder: str = "INBOX") -> int:
        return sum("\\Seen" not in letter.flags for letter in self.folders[folder])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one connection until it logs out."""
        writer.write(b"* OK ready\r\n")
        folder, command = "", ""
        try:
            while command != "LOGOUT" and (line := await reader.readline()):
                tag, _, said = line.decode().strip().partition(" ")
                command = said.split(" ")[1 if said.upper().startswith("UID") else 0].upper()
                self.asked.append(command)
                if command == self.hangs_up_at:
                    return
                folder, answer = self._answer(command, said, folder)
                status = "NO" if command in self.refuses or answer is None else "OK"
                writer.write((answer or b"") + f"{tag} {status} {command}\r\n".encode())
                await writer.drain()
        finally:
            writer.close()

    def _answer(self, command: str, said: str, folder: str) -> tuple[str, bytes | None]:
        """Returns the folder that is open then, and the untagged lines; None for NO."""
        quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', said)
        match command:
            case "CAPABILITY":
                return folder, b"* CAPABILITY IMAP4rev1" + (b" MOVE" if self.can_move else b"") + b"\r\n"
            case "LOGIN":
                return folder, b"" if quoted[-1] == self.password else None
            case "SELECT":
                return (quoted[0], b"* %d EXISTS\r\n" % len(self.folders[quoted[0]])) if quoted[0] in self.folders else (folder, None)
            case "LOGOUT":
                return folder, b"* BYE\r\n"
            case "SEARCH":
                found = [letter.uid for letter in self.folders[folder] if not letter.flags & {"\\Seen", "\\Deleted"}]
                return folder, f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
            case _:
                return folder, self._of_one(command, said, folder, quoted)

    def _of_one(self, command: str, said: str, folder: str, quoted: list[str]) -> bytes | None:
        letter = next((each for each in self.folders[folder] if each.uid == int(said.split(" ")[2])), None)
        if letter is None:
            return b""
        match command:
            case "FETCH":
                found = _fetched(said)
                assert found is not None, "a mail is fetched in part"
                part = letter.raw[int(found[1]) :][: int(found[2])]
                return b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (letter.uid, len(part), part)
            case "STORE":
                letter.flags |= set(re.findall(r"\\\w+", said))
                return b""
            case "MOVE" | "COPY":
                if quoted[0] not in self.folders:
                    return None
                self.bring(letter.raw, folder=quoted[0])
                if command == "MOVE":
                    self.folders[folder].remove(letter)
                return b""
        return None


@asynccontextmanager
async def imap_server() -> AsyncIterator[ImapServer]:
    """Yields a server that listens."""
    mailbox = ImapServer()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    mailbox.address = server.sockets[0].getsockname()[:2]
    try:
        yield mailbox
    finally:
        server.close()
