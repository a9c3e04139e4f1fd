"""Who calls: from what a request presents to a caller of policy data.

Owns which proofs are taken and that they agree. A caller's name and tenant come from a token of our own or from the
table of policy data, never from what a client could choose elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from app.authentication.certificate import Certificate, verified_certificate
from app.identity import Client, Verifier
from app.jwt_form import IdentityError
from app.pdp.caller_directory import CallerDirectory, Known
from app.pdp.enforce import Caller
from app.remembered import Remembered

Networks = Sequence[IPv4Network | IPv6Network]

_CERTIFICATES: Final = 10_000  # remembered


class UnprovenError(IdentityError):
    """What was presented proves nobody, or more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a request shows of its caller.

    Attributes:
        token: the bearer token.
        certificates: each header line Client-Cert.
        peer: address of whoever opened the connection.
    """

    token: str | None = field(default=None, repr=False)
    certificates: tuple[bytes, ...] = ()
    peer: str | None = None


class Authenticator:
    """Finds the caller of a request. For one thread."""

    def __init__(self, verifier: Verifier, *, proxies: Networks = ()) -> None:
        """Verify tokens with `verifier`; let peers in `proxies` say which certificate a client has shown."""
        self._verifier, self._proxies = verifier, proxies
        self._certificates = Remembered(verified_certificate, _CERTIFICATES)

    def authenticate(self, presented: Presented, directory: CallerDirectory, now: float) -> Caller:
        """Return who presented this at `now` (Unix time), where `directory` says whose credentials are whose.

        Raises:
            IdentityError: nobody that is known, or a token and a certificate of two callers.
        """
        if not presented.certificates:
            return self._by_token(presented, directory, now)
        certificate = self._certificate(presented, now)
        caller = _holder(certificate, directory)
        if presented.token is not None:
            other = self._by_token(presented, directory, now, certificate)
            if (other.tenant, other.subject) != (caller.tenant, caller.subject):
                raise UnprovenError("the token and the certificate are of two callers")
        return caller

    def _by_token(
        self, presented: Presented, directory: CallerDirectory, now: float, certificate: Certificate | None = None
    ) -> Caller:
        if presented.token is None:
            raise UnprovenError("nothing was presented")
        who = self._verifier.verify(presented.token, now)
        if not isinstance(who, Client):
            return who
        if who.certificate is not None and (certificate is None or certificate.sha256 != who.certificate):
            raise UnprovenError("the token is bound to a certificate")
        caller = directory.clients.get((who.issuer, who.client_id, who.subject))
        if caller is None:
            raise UnprovenError("the client is not registered")
        return caller

    def _certificate(self, presented: Presented, now: float) -> Certificate:
        if not self._trusts(presented.peer):
            raise UnprovenError("whoever names a certificate is no proxy of ours")
        if len(presented.certificates) != 1:
            raise UnprovenError("two certificates were named")
        return self._certificates.find(presented.certificates[0], now)

    def _trusts(self, peer: str | None) -> bool:
        try:
            address = ip_address(peer or "")
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._proxies)


def _holder(certificate: Certificate, directory: CallerDirectory) -> Known:
    callers = {caller for name in certificate.names if (caller := directory.holders.get(name)) is not None}
    if len(callers) != 1:
        raise UnprovenError("the certificate is of no caller, or of several")
    return callers.pop()
