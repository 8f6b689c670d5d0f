"""Says which addresses a stranger's URL may lead to: those of the public internet, and networks that an operator names. Pure.

A server that fetches what others name can be made to fetch from its own network (SSRF, CWE-918): a metadata service, a database.
The lists are IANA's special-purpose registries, written down here because Python's `is_global` follows them only in its newest versions.
https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

SPECIAL_4 = tuple(
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"),
        *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3"),  # the last: multicast, reserved and broadcast
        "168.63.129.16/32",  # public by number, and yet the metadata and DNS of every machine at Azure
    )
)
PUBLIC_6 = IPv6Network("2000::/3")  # all that is given out as global unicast (RFC 4291, 2.4)
SPECIAL_6 = tuple(IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is connected to


def networks_of(said: str) -> tuple[Network, ...]:
    """Returns the networks of a list such as `10.1.0.0/16, fd00::/8`. Raises ValueError for what is none."""
    return tuple(ip_network(each.strip()) for each in said.split(",") if each.strip())


def may_be_reached(address: str, own: Sequence[Network] = ()) -> bool:
    """Says whether the literal address is public, or in a network of one's own that is allowed; what is no address is not."""
    try:
        found = _embedded(ip_address(address))
    except ValueError:
        return False
    if any(found in network for network in own if network.version == found.version):
        return True
    if isinstance(found, IPv4Address):
        return not any(found in network for network in SPECIAL_4)
    return found.scope_id is None and found in PUBLIC_6 and not any(found in network for network in SPECIAL_6)


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Returns the IPv4 address that a mapped one or one of NAT64 stands for; any other as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
