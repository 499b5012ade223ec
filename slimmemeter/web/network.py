"""Addresses and names of the house: which of them nobody outside can have."""

from __future__ import annotations

import contextlib
import fcntl
import re
import socket
import struct
from array import array
from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network

HOUSE_IPV4, HOUSE_IPV6 = 20, 64  # the shortest prefixes of a network that can be one house's
LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
# Names that no public name server knows: a single label, those of RFC 6762, RFC 8375 and ICANN
# (2024), and those that routers here assign.
HOME_NAME = re.compile(rf"{LABEL}|({LABEL}\.)+(local|lan|home\.arpa|internal|fritz\.box)")
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]/@]+)(:\d{1,5})?")
IPV6_ADDRESSES = "/proc/self/net/if_inet6"
SIOCGIFCONF, SIOCGIFNETMASK = 0x8912, 0x891B  # netdevice(7)
IFREQ = 16 + (24 if struct.calcsize("P") == 8 else 16)  # bytes: a name, then an address


def parse_address(text: str | None) -> Address | None:
    """An address without its zone, IPv4 also if it is in IPv6's form; None if it is invalid."""
    try:
        address = ip_address((text or "").strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_at_home(
    address: Address,
    reached: Address | None = None,
    networks: Iterable[Network] = (),
    asked: socket.socket | None = None,
) -> bool:
    """Whether an address can't come from the internet, or is in a network of the house.

    Such networks are those of the settings; of IPv6, the /64 of the address of this computer that
    the visitor reached, as routers give to a house; of IPv4, this computer's own, unless they are
    larger than any house's.

    :param reached: None if it isn't known, as behind a proxy: then this computer's addresses count.
    :param asked: as of `interfaces`.
    """
    tunnelled = isinstance(address, IPv6Address) and (address.teredo or address.sixtofour)
    if not address.is_global and not tunnelled:
        return True
    if any(address in each for each in networks):
        return True
    if reached is not None and reached.version == 6 and reached.is_global:
        return address in _house_of(reached)
    own = [each for each in interfaces(asked) if each.version == address.version]
    own = [each for each in own if each.ip.is_global]
    if address.version == 6:
        return any(address in _house_of(each.ip) for each in own)
    return any(address in each.network for each in own if each.network.prefixlen >= HOUSE_IPV4)


def _house_of(address: Address) -> Network:
    return ip_network((address, HOUSE_IPV6), strict=False)


def interfaces(asked: socket.socket | None = None) -> Iterator[Interface]:
    """The addresses of this computer, each with its network.

    Without a netlink socket, which the service may not open.

    :param asked: an open socket through which the kernel is asked for those of IPv4, where no other
        may be opened; those of IPv6 are the ones that this process's own network has.
    """
    with contextlib.suppress(OSError):  # one of IPv6 doesn't know them
        if asked is not None:
            yield from _of_ipv4(asked)
        else:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                yield from _of_ipv4(own)
    with contextlib.suppress(OSError), open(IPV6_ADDRESSES, encoding="ascii") as file:
        for line in file:  # the address, the interface's number, the prefix's length, …
            digits, _, prefix, *_ = line.split()
            yield IPv6Interface((int(digits, 16), int(prefix, 16)))


def _of_ipv4(asked: socket.socket) -> Iterator[IPv4Interface]:
    room = array("B", bytes(256 * IFREQ))
    wanted = struct.pack("iP", len(room), room.buffer_info()[0])
    (length,) = struct.unpack_from("i", fcntl.ioctl(asked, SIOCGIFCONF, wanted))
    for at in range(0, length, IFREQ):
        named = room[at : at + IFREQ].tobytes()
        mask = fcntl.ioctl(asked, SIOCGIFNETMASK, named)
        yield IPv4Interface(f"{IPv4Address(named[20:24])}/{IPv4Address(mask[20:24])}")


def is_home_name(host: str, known: tuple[str, ...] = ()) -> bool:
    """Whether a page from elsewhere can't have caused this Host header (DNS rebinding).

    It can't cause an address, a name that only the house knows, or one of those `known`.
    """
    parts = HOST.fullmatch(host.lower())
    if parts is None:
        return False
    name = parts["name"].removesuffix(".")
    is_address = parse_address(name) is not None and "%" not in name
    return is_address or name in known or HOME_NAME.fullmatch(name) is not None
