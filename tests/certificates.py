"""Certificates for tests, made with the `openssl` of this machine: an authority, and what it signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "for-keys-of-tests"


@dataclass(frozen=True)
class Authority:
    """A certificate authority; `ca` is its certificate in PEM."""

    folder: Path
    name: str

    @property
    def ca(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def sign(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Returns a certificate for these hosts, or for a client when there are none, and its key."""
        certificate, key, request = (self.folder / f"{self.name}-{name}.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self.folder / f"{self.name}-{name}.ext"
        names = ",".join(f"IP:{host}" if host.replace(".", "").isdigit() else f"DNS:{host}" for host in hosts)
        extensions.write_text(f"subjectAltName={names}\n" if hosts else "extendedKeyUsage=clientAuth\n")
        _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signed = ("-CA", self.ca, "-CAkey", self.folder / f"{self.name}.key", "-CAcreateserial", "-days", "2", "-extfile", extensions)
        _openssl("x509", "-req", "-in", request, *signed, "-out", certificate)
        for path in (certificate, key):
            path.chmod(0o644)  # containers read it as other users
        return certificate, key

    def keystore(self, name: str, *hosts: str) -> Path:
        """Returns the same as a PKCS #12 store, as Java reads it; its password is PASSWORD."""
        certificate, key = self.sign(name, *hosts)
        store = certificate.with_suffix(".p12")
        _openssl(
            "pkcs12", "-export", "-in", certificate, "-inkey", key, "-certfile", self.ca, "-out", store, "-passout", f"pass:{PASSWORD}"
        )
        store.chmod(0o644)
        return store


def authority(folder: Path, name: str = "ca") -> Authority:
    """Returns a new one."""
    own = Authority(folder, name)
    key = folder / f"{name}.key"
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=Forewarn test {name}", "-keyout", key, "-out", own.ca
    )
    own.ca.chmod(0o644)
    return own


def locked(key: Path, password: str = PASSWORD) -> Path:
    """Returns the key, encrypted."""
    path = key.with_suffix(".locked")
    _openssl("pkcs8", "-topk8", "-in", key, "-out", path, "-passout", f"pass:{password}")
    return path


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"
