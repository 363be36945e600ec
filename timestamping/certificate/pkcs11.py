"""Keys on a token or in a hardware security module (PKCS#11 v2.40), by the extra ``hsm``.

The key never leaves the token. A session lasts one operation: tokens allow few of them, forget them
when they are pulled out, and their library knows one login for the whole process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from timestamping.certificate.errors import HsmMissing, KeyMismatch, TokenMissing, WrongPassword

try:
    import pkcs11
    from pkcs11 import exceptions as faults
    from pkcs11.util.ec import encode_ecdsa_signature
except ImportError:  # the extra is not installed
    AVAILABLE = False
else:
    AVAILABLE = True

#: One operation at a time in this process: PKCS#11 logs in per application, not per session.
_lock: Final = threading.Lock()
_CHALLENGE: Final = b"notary/key-challenge/v1"
_DIGESTS: Final = {"sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"}


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key is: the module's path, the token's label, the key's label, and the PIN."""

    module: str
    token: str
    label: str
    pin: str

    def __repr__(self) -> str:
        return f"TokenKey({self.token!r}, {self.label!r})"

    def certificate(self) -> bytes:
        """DER of the certificate beside the key, found by label or by the key's id.

        Raises:
            SigningKeyError: as :meth:`sign`; ``TokenMissing`` when there is none.
        """
        with self._session() as session:
            key = self._key(session)
            names = ((pkcs11.Attribute.ID, key.id), (pkcs11.Attribute.LABEL, self.label))
            for name, value in names:
                kind = (pkcs11.Attribute.CLASS, pkcs11.ObjectClass.CERTIFICATE)
                for each in session.get_objects(dict((kind, (name, value)))):
                    return bytes(each[pkcs11.Attribute.VALUE])
        raise TokenMissing(f"the token {self.token} holds no certificate of the key {self.label}")

    def require_fit(self, certificate: x509.Certificate) -> None:
        """The key signs, and this certificate is about it.

        Raises:
            SigningKeyError: as :meth:`sign`; ``KeyMismatch``.
        """
        signature = self.sign(_CHALLENGE, "sha256")
        public = certificate.public_key()
        try:
            if isinstance(public, rsa.RSAPublicKey):
                public.verify(signature, _CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
            elif isinstance(public, ec.EllipticCurvePublicKey):
                public.verify(signature, _CHALLENGE, ec.ECDSA(hashes.SHA256()))
            else:
                raise KeyMismatch("the key on the token is not of the certificate's kind")
        except InvalidSignature:
            raise KeyMismatch("the key on the token is not the certificate's") from None

    def sign(self, data: bytes, digest: str) -> bytes:
        """The signature over ``data`` as CMS wants it: PKCS#1 v1.5, or ECDSA in DER.

        Raises:
            HsmMissing, TokenMissing, WrongPassword: each in one sentence.
        """
        with self._session() as session:
            key = self._key(session)
            if key.key_type is pkcs11.KeyType.RSA:
                mechanism = getattr(pkcs11.Mechanism, f"{_DIGESTS[digest]}_RSA_PKCS")
                return bytes(key.sign(data, mechanism=mechanism))
            state = hashes.Hash(getattr(hashes, _DIGESTS[digest])())
            state.update(data)
            raw = key.sign(state.finalize(), mechanism=pkcs11.Mechanism.ECDSA)
            return bytes(encode_ecdsa_signature(raw))

    @contextmanager
    def _session(self) -> Iterator[Any]:
        if not AVAILABLE:
            raise HsmMissing(
                "keys on tokens need the extra hsm, which is not installed here: "
                "pip install 'notary-evidence-portal[hsm]'"
            )
        with _lock, _told(self):
            token = pkcs11.lib(self.module).get_token(token_label=self.token)
            with token.open(user_pin=self.pin) as session:
                yield session

    def _key(self, session: Any) -> Any:
        return session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self.label)


@contextmanager
def _told(key: TokenKey) -> Iterator[None]:
    """The library's errors in our words."""
    try:
        yield
    except (faults.NoSuchToken, faults.TokenNotPresent, faults.MultipleTokensReturned) as error:
        raise TokenMissing(
            f"the token {key.token} is not plugged in, or not the only one"
        ) from error
    except (faults.NoSuchKey, faults.MultipleObjectsReturned) as error:
        raise TokenMissing(f"the token {key.token} holds no single key {key.label}") from error
    except (faults.PinLocked, faults.PinIncorrect, faults.PinInvalid, faults.PinLenRange) as error:
        locked = isinstance(error, faults.PinLocked)
        sentence = "the token is locked after too many wrong PINs" if locked else "the PIN is wrong"
        raise WrongPassword(sentence) from error
    except (faults.PKCS11Error, RuntimeError, OSError) as error:
        raise TokenMissing(
            f"the token {key.token} cannot be used by {key.module}: {type(error).__name__}"
        ) from error
