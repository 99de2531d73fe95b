"""Settings of connections from the environment: proxies, hosts to reach without them, trusted certificates."""

# httpx reads NO_PROXY, too. It takes no networks, no ports, and of IPv6 only bare addresses; an entry of another form
# (`[::1]`, `fe80::/10`) makes it refuse everything. So our own clients read the variables here.

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from .._base.http import DEFAULT_PORTS

__all__ = ["Proxies", "tls_context"]

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network
_MAPPED_BITS = 96  # of an IPv6 address that stands for an IPv4 one (RFC 4291, 2.5.5.2), before that one


class Proxies:
    """The proxies that the environment sets, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Args:
        found: The values by scheme, and the hosts without a proxy as "no"; by default those of the process, which on
            macOS and Windows include the settings of the system.
    """

    def __init__(self, found: Mapping[str, str] | None = None) -> None:
        values = getproxies() if found is None else found
        self._proxies = {name: values[name].strip() for name in ("http", "https", "all") if values.get(name)}
        entries = re.split(r"[\s,]+", values.get("no", "")) if self._proxies else []
        self._exceptions = [_exception(entry) for entry in entries if entry]

    def for_url(self, url: str) -> str | None:
        """Return the URL of the proxy for a request; None for a direct connection."""
        if not self._proxies:
            return None
        parts = urlsplit(url)
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all")
        host = (parts.hostname or "").rstrip(".")
        target = _Target(parts.scheme, host, parts.port or DEFAULT_PORTS.get(parts.scheme), _address(host))
        if proxy is None or any(one.covers(target) for one in self._exceptions):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"


class _Target(NamedTuple):
    """The server of a request: a name, or an address as text and as itself."""

    scheme: str
    host: str
    port: int | None
    address: _Address | None


class _Exception(NamedTuple):
    """An entry of NO_PROXY.

    Attributes:
        host: A network, a name, or "*" for any host; a name that begins with a dot is about the hosts below.
        scheme: The scheme of the URLs that it is about; None for all.
        port: The port that it is about; None for all.
    """

    host: str | _Network
    scheme: str | None
    port: int | None

    def covers(self, target: _Target) -> bool:
        """Whether a server is reached without a proxy."""
        if self.scheme not in (None, target.scheme) or self.port not in (None, target.port):
            return False
        if not isinstance(self.host, str):
            return target.address is not None and target.address in self.host
        if self.host in ("*", target.host):
            return True
        return bool(self.host) and target.host.endswith(f".{self.host.removeprefix('.')}")


def _exception(entry: str) -> _Exception:
    scheme, _, rest = entry.lower().rpartition("://")
    host, port = _split_port(rest.removesuffix("/"))
    if host != "*":
        host = host.removeprefix("*").rstrip(".")
    return _Exception(_network(host) or host, None if scheme in ("", "all") else scheme, port)


def _split_port(text: str) -> tuple[str, int | None]:
    """Return a host and its port; a colon of an IPv6 address without brackets separates none."""
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d{1,5})", text)
    return (found[1], int(found[2])) if found else (text, None)


def _network(text: str) -> _Network | None:
    """Return a network, for an address the one of it alone; None for a name."""
    try:
        network = ip_network(re.sub(r"[][]|%[^/]*", "", text), strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _address(host: str) -> _Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def tls_context(scheme: str, proxy: str | None = None) -> ssl.SSLContext:
    """Return the TLS context for URLs of a scheme, made once: loading the certificates takes longer than a request.

    Plain HTTP does without them. Its context trusts no certificate, so that it fails closed if it meets TLS after all.
    """
    if scheme != "https" and not (proxy or "").startswith("https:"):
        return _empty_context()
    variables = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    return _context(*variables, _version_of(variables[0]))


@lru_cache(maxsize=1)
def _empty_context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache(maxsize=4)
def _context(file: str | None, folder: str | None, version: object) -> ssl.SSLContext:
    """Return a context with the certificates that the variables name; the version identifies their values.

    Raises:
        OSError: The file has no certificates, or is not there.
    """
    # Not left to httpx, which does without a file that is not there, or names none, depending on its version.
    if file:
        try:
            return ssl.create_default_context(cafile=file)
        except OSError as error:
            raise OSError(f"SSL_CERT_FILE names {file!r}, which has no certificates ({error})") from error
    if folder:
        return ssl.create_default_context(capath=folder)
    return httpx.create_ssl_context(trust_env=False)


def _version_of(file: str | None) -> tuple[int, int] | None:
    """Return a value that changes with the content of a file; None if there is none."""
    try:
        found = os.stat(file or "")
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
