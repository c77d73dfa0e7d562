"""Which addresses are called: public ones. Everything else is this house, its neighbours, or the machine's own keeper."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

#: What is given out to the public of IPv6 (RFC 4291). Outside lie mapped, translated (NAT64), local and link-local addresses.
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
#: Parts of it that write an IPv4 address in another way, or that are for documentation and not in every list of such yet.
NOT_PUBLIC: Final = (
    IPv6Network("2001::/32"),  # Teredo (RFC 4380)
    IPv6Network("2002::/16"),  # 6to4 (RFC 3056)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)


def is_allowed(address: str, *, loopback: bool = False) -> bool:
    """Return whether an address is public, and so may be called; `loopback` also takes this machine itself.

    Private, link-local (with it the metadata services of clouds), shared, reserved, multicast and unspecified addresses are not, nor is
    any IPv6 address that only writes an IPv4 one in another way.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if loopback and found.is_loopback:
        return True
    if isinstance(found, IPv6Address) and (
        found.scope_id is not None or found not in GLOBAL_UNICAST or any(found in one for one in NOT_PUBLIC)
    ):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved
