"""`.zip` and `.gz` around one file: unpacked to a temporary file on disk, within limits that hold on the bytes met."""

import gzip
import tempfile
import zipfile
import zlib
from typing import BinaryIO, Literal, cast

from service.tables.chunk import Limits
from service.tables.problems import (
    EmptyFile,
    PasswordProtected,
    SeveralFilesInArchive,
    Truncated,
    UnsupportedFormat,
    ZipBomb,
)

_BLOCK = 1024 * 1024
_ENCRYPTED = 0x1
_CLUTTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class Meter:
    """Counts unpacked bytes and stops when they pass the limits. `packed` is the size of the packed bytes."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._packed = max(packed, 1)
        self._limits = limits
        self._seen = 0

    def add(self, count: int) -> None:
        """Count `count` bytes more.

        Raises:
            ZipBomb: the sum passes `Limits.unpacked`, or `Limits.ratio` times the packed size.
        """
        self._seen += count
        limits = self._limits
        if self._seen > limits.unpacked:
            raise ZipBomb(f"{limits.unpacked} bytes", f" {limits.unpacked} 字节")
        if self._seen > limits.ratio_from and self._seen > limits.ratio * self._packed:
            raise ZipBomb(f"{limits.ratio} times its packed size", f"压缩大小的 {limits.ratio} 倍")


def _copy(source: BinaryIO, meter: Meter) -> BinaryIO:
    target = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        while block := source.read(_BLOCK):
            meter.add(len(block))
            target.write(block)
    except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        target.close()
        raise Truncated("archive", "压缩包") from error
    except BaseException:
        target.close()
        raise
    return target


def unpack(file: BinaryIO, container: Literal["zip", "gz"], limits: Limits) -> BinaryIO:
    """Return the one file inside as an open temporary file, which the caller closes.

    Raises:
        EmptyFile: nothing inside.
        SeveralFilesInArchive: more than one file (folders and the clutter of desktops not counted).
        PasswordProtected: encrypted.
        ZipBomb: larger than the limits.
        Truncated: breaks off, or a checksum does not fit.
        UnsupportedFormat: packed by a method that is not read.
    """
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    if container == "gz":
        with gzip.GzipFile(fileobj=file) as source:
            return _copy(cast("BinaryIO", source), Meter(size, limits))
    with zipfile.ZipFile(file) as archive:
        members = [one for one in archive.infolist() if not one.is_dir() and not _is_clutter(one.filename)]
        if not members:
            raise EmptyFile
        if len(members) > 1:
            raise SeveralFilesInArchive([_shown(one) for one in members])
        member = members[0]
        if member.flag_bits & _ENCRYPTED:
            raise PasswordProtected("archive", "压缩包")
        try:
            with archive.open(member) as source:
                return _copy(cast("BinaryIO", source), Meter(member.compress_size, limits))
        except NotImplementedError as error:
            raise UnsupportedFormat("an archive with a rare compression method", "采用罕见压缩方法的压缩包") from error
        except zipfile.BadZipFile as error:
            raise Truncated("archive", "压缩包") from error


def _is_clutter(name: str) -> bool:
    return name.startswith(_CLUTTER[0]) or name.rsplit("/", 1)[-1] in _CLUTTER[1:]


def _shown(member: zipfile.ZipInfo) -> str:
    # Chinese archivers write names in code page 936 without the flag for UTF-8; zipfile then reads them as code page 437.
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
