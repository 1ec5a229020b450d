"""Uploaded files: ids, descriptions and bytes, in memory or in a folder beside the state file."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePath
from secrets import token_urlsafe

from sandbox.telegram.errors import bad_request
from sandbox.telegram.images import image_size
from sandbox.telegram.model import StoredFile
from sandbox.telegram.parameters import Upload

_LARGEST_PHOTO = 10 * 1024 * 1024
_LARGEST_FILE = 50 * 1024 * 1024


class FileStore:
    """Keeps bytes by file id; `folder` None keeps them in memory only."""

    def __init__(self, known: dict[str, StoredFile], folder: Path | None = None) -> None:
        self.known = known
        self._folder = folder
        self._bytes: dict[str, bytes] = {}

    def add(self, upload: Upload, folder: str) -> StoredFile:
        """Store an upload under Telegram's path names (`photos/file_3.png`)."""
        if len(upload.data) > _LARGEST_FILE:
            raise bad_request("file is too big")
        if not upload.data:
            raise bad_request("file must be non-empty")
        stored = self._describe(upload, folder)
        self.known[stored.file_id] = stored
        self._write(stored.file_id, upload.data)
        return stored

    def add_photo(self, upload: Upload) -> StoredFile:
        """Store a picture; raises `ApiError` when it is none, too large or of impossible proportions."""
        size = image_size(upload.data)
        if not upload.data:
            raise bad_request("file must be non-empty")
        if size is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        width, height = size
        if len(upload.data) > _LARGEST_PHOTO:
            raise bad_request("file is too big for a photo")
        if width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        stored = self.add(upload, "photos")
        stored.width, stored.height = width, height
        return stored

    def find(self, file_id: str) -> StoredFile:
        """The file of this id; raises `ApiError` 400 with the real wording when there is none."""
        if file_id not in self.known:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return self.known[file_id]

    def read(self, stored: StoredFile) -> bytes:
        """The bytes of a stored file."""
        if stored.file_id not in self._bytes and self._folder is not None:
            return (self._folder / stored.file_id).read_bytes()
        return self._bytes[stored.file_id]

    def at_path(self, path: str) -> StoredFile | None:
        """The file that `/file/bot<token>/<path>` means."""
        return next((stored for stored in self.known.values() if stored.path == path), None)

    def _describe(self, upload: Upload, folder: str) -> StoredFile:
        suffix = PurePath(upload.name).suffix or mimetypes.guess_extension(upload.mime_type) or ""
        return StoredFile(
            file_id=f"AgAC{token_urlsafe(24)}",
            unique_id=f"AQAD{token_urlsafe(8)}",
            path=f"{folder}/file_{len(self.known)}{suffix}",
            size=len(upload.data),
            name=PurePath(upload.name).name or None,
            mime_type=upload.mime_type,
        )

    def _write(self, file_id: str, data: bytes) -> None:
        if self._folder is None:
            self._bytes[file_id] = data
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / file_id).write_bytes(data)
