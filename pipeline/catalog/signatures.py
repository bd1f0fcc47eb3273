"""Check the signatures of images as they come, and keep count of whose they are."""

from threading import Lock

from pipeline.catalog.fetch import Asset
from pipeline.errors import CatalogError
from pipeline.provenance.credentials import CredentialCheck

_MOST_SIGNERS = 5


class SignatureCheck:
    """Checks the C2PA manifests of images; safe to share between threads.

    place: the catalog's address, for errors.
    count: images whose signature is sound. signers: of these, the first few that were met.
    """

    def __init__(self, credentials: CredentialCheck, place: str) -> None:
        self._credentials, self._place = credentials, place
        self._lock = Lock()
        self.count = 0
        self.signers: tuple[str, ...] = ()

    def check(self, asset: Asset, data: bytes) -> None:
        """CatalogError for an image without a sound signature; extras bear none."""
        if asset.is_extra:
            return
        found = self._credentials.check(data, asset.format)
        if found is None or not found.sound:
            fault = "bears no C2PA signature" if found is None else f"has one that {found.fault}"
            raise CatalogError(
                f"asset {asset.asset_id!r} at {self._place}/{asset.uri} {fault}; do not use it "
                "where that matters, or leave --verify away: its sha256 is the manifest's"
            )
        with self._lock:
            self.count += 1
            if found.signer not in self.signers and len(self.signers) < _MOST_SIGNERS:
                self.signers = (*self.signers, found.signer)
