"""Splits one line of a web server's access log into columns: common, combined or vhost_combined log format. Pure, in linear time.

The first fields are not quoted, and proxies write several hosts where one stands. So what is read is only what cannot be
meant otherwise; a line that could put an address where the user is, is refused.

https://httpd.apache.org/docs/2.4/mod/mod_log_config.html#examples
"""

import re
from ipaddress import ip_address

IN_ACCESS_LOG = frozenset(
    {"vhost", "host", "ident", "user", "time", "request", "status", "bytes", "referer", "agent", "rest", "method", "path", "protocol"}
)

# The quantifiers are possessive, so that nothing is tried twice: what follows a repetition can never be part of it.
_quoted = re.compile(r'"((?:[^"\\]|\\.)*+)"').match
_numbers = re.compile(r" (\d{3}) (\d++|-)(?= |$)").match
_method = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}").fullmatch  # RFC 9110, section 9.1, as methods are in fact
_protocol = re.compile(r"HTTP/\d(?:\.\d)?").fullmatch
_origin = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^/?#]*+").match  # of a target in absolute form (RFC 9112, section 3.2.2)
_with_port = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:,\s]+):(\d{1,5})").fullmatch

Columns = dict[str, str]


def access_log_row(line: str) -> Columns | None:
    """Returns the line's columns, empty where it has nothing or says `-`; None when it is no such line.

    `path` is the target of a request without scheme and host; what is no HTTP request has neither method, path nor protocol.
    """
    ends = line.find('] "')
    begins = line.rfind(" [", 0, max(ends, 0))
    request = _quoted(line, ends + 2)
    if begins < 0 or request is None:
        return None
    who, numbers = _who(line[:begins]), _numbers(line, request.end())
    if who is None or numbers is None:
        return None
    said = {**who, "time": line[begins + 2 : ends], "request": request[1], "status": numbers[1], "bytes": numbers[2]}
    said |= _of_combined(line, numbers.end())
    return {name: "" if value == "-" else value for name, value in said.items()} | _asked(request[1])


def _of_combined(line: str, at: int) -> Columns:
    """Returns the two quoted fields of the combined format, if they are there; proxies put their own fields behind."""
    referer = _quoted(line, at + 1)
    agent = _quoted(line, referer.end() + 1) if referer is not None and line[referer.end() : referer.end() + 1] == " " else None
    if referer is None or agent is None or line[agent.end() : agent.end() + 1] not in ("", " "):
        return {"referer": "", "agent": "", "rest": line[at + 1 :]}
    return {"referer": referer[1], "agent": agent[1], "rest": line[agent.end() + 1 :]}


def _who(said: str) -> Columns | None:
    """Returns what stands before the time: `[vhost:port] host[, host …] ident user`; the user may hold spaces."""
    fields = said.split(" ")
    vhost = fields.pop(0) if _begins_with_vhost(fields) else ""
    hosts = next((at for at, each in enumerate(fields, 1) if not each.endswith(",")), len(fields))
    ident, *user = fields[hosts:] or [""]
    if not all(fields[:hosts]) or not ident or _is_address(ident) or not user or (user[0] == "-" and len(user) > 1):
        return None
    return {"vhost": vhost, "host": " ".join(fields[:hosts]), "ident": ident, "user": " ".join(user) if user != ['""'] else ""}


def _begins_with_vhost(fields: list[str]) -> bool:
    """Returns True when a name with a port is the server's; it may also be a client's, so what follows decides."""
    found = _with_port(fields[0])
    if found is None or len(fields) < 4:
        return False
    host = fields[1].rstrip(",")
    if host == "-":
        return fields[2] == "-"
    return _is_address(host) or not _is_address(found[1])


def _is_address(said: str) -> bool:
    """Returns True when it is an IP address; one of version 6 may be in brackets, and either may have a port behind it."""
    found = _with_port(said)
    try:
        ip_address((found[1] if found else said).strip("[]"))
    except ValueError:
        return False
    return True


def _asked(request: str) -> Columns:
    """Returns method, path and protocol of a request line; nothing when it is none. Spaces in the target are the client's own."""
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not target or not _method(method) or not _protocol(protocol):
        return {"method": "", "path": "", "protocol": ""}
    origin = _origin(target)
    path = target if origin is None else target[origin.end() :]
    return {"method": method, "path": path if origin is None or path.startswith("/") else f"/{path}", "protocol": protocol}
