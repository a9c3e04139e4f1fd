"""Client certificates for tests, and the header in which a proxy hands them on."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.providing import NOW, private

BEGIN = datetime.fromtimestamp(int(NOW), UTC) - timedelta(days=1)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])


def certificate(*names, serial=1, days=2):
    """Return the DER form of a certificate with these alternative names, `uri:` or `dns:`."""
    key = private("ES256")
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), serial, BEGIN, BEGIN + timedelta(days=days))
    kinds = {"uri": x509.UniformResourceIdentifier, "dns": x509.DNSName}
    found = [kinds[kind](name) for kind, _, name in (name.partition(":") for name in names)]
    if found:
        builder = builder.add_extension(x509.SubjectAlternativeName(found), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def header(der):
    return b":" + base64.b64encode(der) + b":"
