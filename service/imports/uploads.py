"""Receiving a file: streamed to the data directory and hashed on the way, never held in memory."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from python_multipart.exceptions import FormParserError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from service.errors import Invalid
from service.imports.actions import UploadedFile


class NoFile(Invalid):
    """A multipart body needs one part named `file`."""

    code = "no_file"


class BadForm(Invalid):
    """The body says that it is a form and is none."""

    code = "bad_form"


async def receive_file(request: Request, folder: Path, import_id: UUID, *, name: str | None) -> UploadedFile:
    """Store the body of `request`, or the part `file` of its form, below `folder`.

    Raises:
        NoFile: a form without a part `file`.
        BadForm: a malformed form.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / import_id.hex
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            form = await request.form(max_files=1, max_fields=20)
        except (MultiPartException, FormParserError, KeyError) as error:
            raise BadForm(f"The form cannot be read: {error}.", detail_zh="表单无法解析。") from error
        try:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise NoFile("The form has no part `file` with a file.", detail_zh="表单缺少 file 文件。")
            return await _store(_blocks(part), path, name or part.filename or "upload")
        finally:
            await form.close()
    return await _store(request.stream(), path, name or "upload")


async def _blocks(part: UploadFile) -> AsyncIterator[bytes]:
    while block := await part.read(1024 * 1024):
        yield block


async def _store(blocks: AsyncIterator[bytes], path: Path, name: str) -> UploadedFile:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as target:
            async for block in blocks:
                digest.update(block)
                size += len(block)
                await run_in_threadpool(target.write, block)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return UploadedFile(path=str(path), name=Path(name).name[:200], size=size, sha256=digest.hexdigest())
