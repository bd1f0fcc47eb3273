"""Sign pictures by C2PA with a chain of certificates made here, as a studio would."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Studio:
    """Who signs: a certificate, its key, and the root (PEM) that vouches for it."""

    chain: bytes
    key: bytes
    root: bytes

    def sign(self, data: bytes, media_type: str = "image/jpeg") -> bytes:
        """A file with a C2PA manifest that says that it was made by a model."""
        source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        action = {"action": "c2pa.created", "digitalSourceType": source}
        manifest = {
            "claim_generator_info": [{"name": "populace tests", "version": "1"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        # Thumbnails take 50 ms each.
        settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": _NONE}}
        info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, self.chain, self.key, None)
        signed = io.BytesIO()
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(json.dumps(manifest), context) as builder,
        ):
            builder.sign(signer, media_type, io.BytesIO(data), signed)
        return signed.getvalue()


_NONE = {"enabled": False}


def studio(name: str = "A studio", days: int = 365) -> Studio:
    """A studio of this name, whose certificate is good for so many days from a year ago."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate(f"{name}'s root", root_key, None, days=9 * 365)
    own = _certificate(name, key, (root, root_key), days)
    pem = serialization.Encoding.PEM
    private = serialization.PrivateFormat.PKCS8
    return Studio(
        own.public_bytes(pem) + root.public_bytes(pem),
        key.private_bytes(pem, private, serialization.NoEncryption()),
        root.public_bytes(pem),
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    days: int,
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
        ]
    )
    above, signs = (subject, key) if issuer is None else (issuer[0].subject, issuer[1])
    begin = datetime.now(UTC) - timedelta(days=1)
    usages = dict.fromkeys(_USAGES, False)
    usages |= {"key_cert_sign": True, "crl_sign": True} if issuer is None else {_USAGES[0]: True}
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(x509.KeyUsage(**usages), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(_AUTHORITY(signs.public_key()), False)
    )
    if issuer is not None:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(purpose, critical=False)
    return made.sign(signs, hashes.SHA256())


_AUTHORITY = x509.AuthorityKeyIdentifier.from_issuer_public_key

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
