"""A health probe of a mail server: a connection of its own, without logging in, every 15 s."""

from aiosmtplib import SMTP

from services.notifier.channels.email.connections import Tls
from shared.connecting.tls import Files, Renewed
from shared.observing.measuring import Dependency

EVERY, WITHIN = 15.0, 10.0  # seconds; each is a line in the mail server's log
NAME = "smtp"


def mail_server(host: str, port: int, *, own_name: str, tls: Tls, ca: str = "", name: str = NAME) -> Dependency:
    """Makes the SMTP server a dependency that is measured: it is up when it greets us, and answers EHLO and QUIT."""
    context = Renewed(Files(ca)) if tls != "none" else None

    async def probe() -> None:
        client = SMTP(
            hostname=host,
            port=port,
            local_hostname=own_name,
            timeout=WITHIN,
            use_tls=tls == "tls",
            start_tls=tls == "starttls",
            tls_context=context,
        )
        try:
            await client.connect()
            await client.ehlo()
            await client.quit()
        finally:
            client.close()

    return Dependency(name, probe, EVERY, WITHIN)
