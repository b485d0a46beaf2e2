"""Files from the web: resumed where a connection broke, and checked against a published hash."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pyg_liesym.datasets.io.files import LayoutError, PathLike, naming_damage
from pyg_liesym.writing import whole_file

_BLOCK = 1 << 20


@dataclass(frozen=True)
class ZenodoRecord:
    """Files of a published record on Zenodo.

    Args:
        number: The number of the record, as in its DOI.
        checksums: The hash of every file by its name, such as ``"sha256:3f27…"`` or ``"md5:de4f…"``; None where only
            the record itself has it (Zenodo publishes MD5), which is then asked before the download.
        address: The server.

    Example:
        >>> ZenodoRecord("2603256", {"val.h5": None}).url("val.h5")
        'https://zenodo.org/records/2603256/files/val.h5?download=1'
    """

    number: str
    checksums: Mapping[str, str | None] = field(default_factory=dict)
    address: str = "https://zenodo.org"

    @property
    def page(self) -> str:
        """The page of the record."""
        return f"{self.address}/records/{self.number}"

    def url(self, name: str) -> str:
        """The address of a file."""
        return f"{self.page}/files/{name}?download=1"

    def download(self, name: str, folder: PathLike, *, progress: bool = True) -> Path:
        """Download and check a file; see :func:`download_file`.

        Raises:
            ConnectionError: If the server cannot be reached or the connection breaks.
            ValueError: If the file has another hash, or none is published.
        """
        checksum = self.checksums.get(name) or self._published(name, Path(folder))
        return download_file(self.url(name), Path(folder) / name, checksum=checksum, progress=progress)

    def _published(self, name: str, folder: Path) -> str:
        url = f"{self.address}/api/records/{self.number}"
        try:
            with _open(url) as response:
                files = {entry["key"]: entry["checksum"] for entry in json.load(response)["files"]}
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(url, folder / name, error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{url} does not list files with checksums as Zenodo does: {error}") from error
        if name not in files:
            raise ValueError(f"{self.page} has no file {name}, only {sorted(files)}")
        return str(files[name])


def download_file(url: str, path: PathLike, *, checksum: str, progress: bool = True) -> Path:
    """Download a file to ``path``, going on where an earlier attempt stopped.

    Until it is whole and its hash is right, the file is called ``path`` with ``.part`` added.

    Args:
        url: The address, http or https.
        path: The file to write; its folder is made if needed. If it exists, nothing is downloaded, but its hash is
            compared all the same.
        checksum: The published hash with its algorithm, such as ``"sha256:3f27…"`` or ``"md5:de4f…"``.
        progress: Show a bar.

    Raises:
        ConnectionError: If the server cannot be reached or the connection breaks. What has come stays.
        ValueError: If the hash is another one, naming both; what has come is removed, a file that was there stays.
    """
    path = Path(path)
    algorithm, _, expected = checksum.partition(":")
    if algorithm not in hashlib.algorithms_available or not expected or not url.startswith(("http://", "https://")):
        raise ValueError(f"expected an http(s) address and a checksum like 'sha256:…', got {url} and {checksum!r}")
    if path.exists():
        check_file(path, checksum)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    _receive(url, part, path, progress)
    digest = _digest(part, algorithm)
    if digest != expected.lower():
        part.unlink()
        raise ValueError(
            f"{url} has the wrong content and was removed: expected {algorithm} {expected}, got {digest}; "
            "try again, and if it stays so the published file is another one now"
        )
    os.replace(part, path)
    return path


def check_file(path: PathLike, checksum: str) -> None:
    """Compare a file with its published hash.

    Raises:
        ValueError: If the hash is another one, naming the file and both.
    """
    algorithm, _, expected = checksum.partition(":")
    digest = _digest(Path(path), algorithm)
    if digest != expected.lower():
        raise ValueError(
            f"{path} is not the published file: expected {algorithm} {expected}, got {digest}; remove it and get it "
            "again"
        )


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _receive(url: str, part: Path, path: Path, progress: bool) -> None:
    from tqdm import tqdm

    have = part.stat().st_size if part.exists() else 0
    try:
        with _open(url, have) as response:
            if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                raise ConnectionError("the server sent another range than was asked for")
            have = have if response.status == 206 else 0  # 200: it sends the whole file
            length = response.headers.get("Content-Length")
            total = None if length is None else have + int(length)
            bar = tqdm(
                desc=path.name, total=total, initial=have, unit="B", unit_scale=True, disable=None if progress else True
            )
            with bar, part.open("ab" if have else "wb") as out:
                while block := response.read(_BLOCK):
                    out.write(block)
                    bar.update(len(block))
            size = part.stat().st_size
            if total is not None and size < total:
                raise ConnectionError(f"the connection broke after {size} of {total} bytes")
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send: the file is whole, or longer than it should be
            return
        raise _unreachable(url, path, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, path, error) from error


def _open(url: str, start: int = 0) -> Any:
    headers = {"User-Agent": "pyg-liesym", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60)


def _unreachable(url: str, path: Path, error: Exception) -> ConnectionError:
    return ConnectionError(
        f"downloading {url} failed ({type(error).__name__}: {error}). Try again, which goes on from where it stopped, "
        f"or get the file by other means and put it there: {path}"
    )


def extract_files(archive: PathLike, folder: PathLike, suffix: str) -> list[Path]:
    """Extract the files with a suffix from a tar archive into one folder.

    Folders inside the archive are left out, so nothing can come to lie outside of ``folder``. Each file appears under
    its name when it is whole.

    Args:
        archive: The tar file, compressed or not.
        folder: Where the files go.
        suffix: Which files, such as ``".root"``.

    Raises:
        ValueError: If the archive is damaged or does not end as a tar archive does, has no such files, the same name
            twice, a name that leads out of it, or something else than plain files under such names.
    """
    archive, folder = Path(archive), Path(folder)
    found: list[Path] = []
    with naming_damage(archive, "tar"), tarfile.open(archive) as content:
        for member in content:
            name = PurePosixPath(member.name)
            if name.suffix != suffix:
                continue
            target = folder / name.name
            if not member.isfile() or name.is_absolute() or ".." in name.parts or target in found:
                raise LayoutError(f"{archive} has {member.name!r}, which is no plain file of its own name and place")
            source = content.extractfile(member)
            assert source is not None
            with whole_file(target) as temporary, temporary.open("wb") as out:
                shutil.copyfileobj(source, out, _BLOCK)
            found.append(target)
        # A damaged header ends the loop as the two blocks of zeros do that end an archive.
        content.fileobj.seek(content.offset)
        if content.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise EOFError(f"it is damaged at byte {content.offset}, after {len(found)} files that end with {suffix}")
    if not found:
        raise ValueError(f"{archive} has no files that end with {suffix}")
    return found
