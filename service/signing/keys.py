"""The files of the signing keys.

KEYS/                          0700; DATA_DIR/keys
    lock                       held while keys are made or replaced
    signing-keys.json          the public set with all former keys and their dates: whoever loses it cannot verify old signatures
    signing-KID.pem            0600, the private half (PKCS 8), deleted at the first rotation after its last day

With `XINYONG_SIGNING_KEY_FILE` the private half is that file, PKCS 8 in PEM. Where its content has changed, the next
signature makes the new key's entry in the set and ends the former one's.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from service.connection import write_private
from service.settings import Settings
from service.signing.rules import (
    KeyFromOutside,
    PublicKey,
    SigningKeyUnusable,
    from_jwks,
    key_at,
    succeed,
    to_jwks,
)
from service.signing.signatures import sign_with

SET_NAME: Final = "signing-keys.json"


class SigningKeys:
    """The signing keys of an installation. Any number of processes may use the same files."""

    def __init__(self, folder: Path, *, key_file: Path | None = None) -> None:
        self._folder = folder
        self._key_file = key_file
        self._read: tuple[tuple[int, int], tuple[PublicKey, ...]] | None = None
        self._private: dict[str, OKPKey] = {}

    @classmethod
    def of(cls, settings: Settings) -> "SigningKeys":
        """Return the keys that the settings name; nothing is read or made yet."""
        return cls(settings.data_dir / "keys", key_file=settings.signing_key_file)

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Return all keys ever used here, oldest first; none before the first signature.

        Raises:
            SigningKeyUnusable: the file of the set is damaged.
        """
        path = self._folder / SET_NAME
        try:
            state = path.stat()
        except FileNotFoundError:
            return ()
        mark = (state.st_mtime_ns, state.st_ino)
        if self._read is None or self._read[0] != mark:
            try:
                found = json.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise SigningKeyUnusable(
                    f"{path} is no JSON. Restore it from the backup: without it old signatures cannot be verified.",
                    detail_zh="签名公钥集文件已损坏，请从备份恢复。",
                ) from error
            self._read = (mark, from_jwks(found))
        return self._read[1]

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public set as `/.well-known/jwks.json` shows it."""
        return to_jwks(self.public_keys())

    def sign(self, payload: bytes, *, kind: str, now: datetime, detached: bool = False) -> str:
        """Return the JWS of `payload` by the key that signs at `now`; the very first call makes one. See `sign_with`.

        Raises:
            SigningKeyUnusable: the private half is missing, unreadable or no Ed25519 key.
        """
        return sign_with(self._key_at(now), payload, kind=kind, detached=detached)

    def rotate(self, *, now: datetime, overlap: timedelta) -> PublicKey:
        """Make and publish a new key that signs after `overlap`; private halves that are past their end are deleted.

        Raises:
            KeyFromOutside: the installation provides the key as a file: replace that file.
        """
        if self._key_file is not None:
            raise KeyFromOutside(
                f"The signing key is the file {self._key_file}. Replace its content; the next signature takes the new key into"
                " the set and ends the former one.",
                detail_zh="签名密钥由外部文件提供，请直接更换该文件。",
            )
        with self._locked():
            for key in self.public_keys():
                if key.signs_until is not None and key.signs_until <= now:
                    self._private_path(key.kid).unlink(missing_ok=True)
            return self._add(OKPKey.generate_key("Ed25519"), now=now, overlap=overlap)

    def _key_at(self, now: datetime) -> OKPKey:
        if self._key_file is not None:
            return self._outside_key(self._key_file, now)
        current = key_at(self.public_keys(), now)
        if current is None:
            with self._locked():
                # Another process may have been first.
                current = key_at(self.public_keys(), now) or self._add(
                    OKPKey.generate_key("Ed25519"), now=now, overlap=timedelta()
                )
        if current.kid not in self._private:
            self._private[current.kid] = _read_private(self._private_path(current.kid))
        return self._private[current.kid]

    def _outside_key(self, path: Path, now: datetime) -> OKPKey:
        key = _read_private(path)
        current = key_at(self.public_keys(), now)
        if current is None or current.kid != key.thumbprint():
            with self._locked():
                current = key_at(self.public_keys(), now)
                if current is None or current.kid != key.thumbprint():
                    self._refuse_former(key)
                    self._add(key, now=now, overlap=timedelta(), keep_private=False)
        return key

    def _refuse_former(self, key: OKPKey) -> None:
        if key.thumbprint() in {one.kid for one in self.public_keys()}:
            raise SigningKeyUnusable(
                f"The key in {self._key_file} was replaced before and signs no more. Provide a new one.",
                detail_zh="该签名密钥已被更换过，不能再次启用，请提供新密钥。",
            )

    def _add(self, key: OKPKey, *, now: datetime, overlap: timedelta, keep_private: bool = True) -> PublicKey:
        whole = now.astimezone(UTC).replace(microsecond=0)  # the set's dates are whole seconds
        public = PublicKey(key.thumbprint(), str(key.as_dict(private=False)["x"]), whole, whole)
        keys = succeed(self.public_keys(), public, now=whole, overlap=overlap)
        if keep_private:
            write_private(self._private_path(public.kid), key.as_pem(private=True).decode())
        write_private(self._folder / SET_NAME, json.dumps(to_jwks(keys), indent=2) + "\n")
        return keys[-1]

    def _private_path(self, kid: str) -> Path:
        return self._folder / f"signing-{kid}.pem"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _read_private(path: Path) -> OKPKey:
    try:
        key = OKPKey.import_key(path.read_bytes())
    except (OSError, ValueError, JoseError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no private key in PEM (PKCS 8)"
        raise SigningKeyUnusable(
            f"The signing key {path} cannot be used: {reason}. Restore it from the backup, or make a new one with"
            " `xinyong signing rotate`.",
            detail_zh="签名密钥无法使用，请从备份恢复或另行轮换。",
        ) from error
    if key.curve_name != "Ed25519" or not key.is_private:
        raise SigningKeyUnusable(
            f"The signing key {path} is no private Ed25519 key (`openssl genpkey -algorithm ed25519` makes one).",
            detail_zh="签名密钥不是 Ed25519 私钥。",
        )
    return key
