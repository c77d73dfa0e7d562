"""Which version of a resource a client changes: the number in an ETag, and what `If-Match` says about it (RFC 9110, 13.1).

Every resource that can change has a version number. Its ETag is that number, with the legal day behind it where the answer
also depends on the day, so that nobody takes a stored answer for present past the edge of a publication window.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.errors import Category, Invalid, Refusal

_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,9})(?:\.[0-9]{8})?"')
_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')


class MalformedVersion(Invalid):
    """`If-Match` is neither the ETag of the resource, in quotation marks as its answer gave it, nor `*`."""

    code = "malformed_version"


class VersionRequired(Refusal):
    """The resource exists and `If-Match` is missing: read it, and send its ETag along with the change."""

    category = Category.VERSION_REQUIRED
    code = "version_required"


class VersionMismatch(Refusal):
    """The resource was changed meanwhile: `If-Match` names another version than the present one. Read it again."""

    category = Category.VERSION_MISMATCH
    code = "version_mismatch"


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """What a client says about the version it changes.

    `numbers` are the versions that it would change, None means any that exists; `is_stated` is whether it says anything at
    all, `is_new` whether it says that there is none yet (`If-None-Match: *`), and `is_needed` whether it has to say something.
    """

    numbers: frozenset[int] | None = None
    is_stated: bool = True
    is_new: bool = False
    is_needed: bool = True

    def check(self, present: int | None) -> None:
        """Refuse to change a resource whose present version is `present`, None where it does not exist yet.

        Raises:
            VersionRequired: it exists and nothing was stated.
            VersionMismatch: it has another version, or none, or one although it should be new.
        """
        if not self.is_stated:
            if present is not None and self.is_needed:
                raise VersionRequired(
                    f'This changes a resource that exists in version {present}: send If-Match: "{present}" along, so that'
                    " nobody's change is lost.",
                    detail_zh="资源已存在，修改时请在 If-Match 中提供其版本号。",
                    version_no=present,
                )
            return
        as_expected = present is None if self.is_new else present is not None
        if self.numbers is not None:
            as_expected = as_expected and present in self.numbers
        if not as_expected:
            raise VersionMismatch(
                f"You change {self._words()}; the present one is {'none' if present is None else present}. Read it again.",
                detail_zh="资源已被修改，请重新读取后再提交。",
                version_no=present,
            )

    def _words(self) -> str:
        if self.is_new:
            return "what should not exist yet"
        if self.numbers is None:
            return "what should exist"
        return f"version {' or '.join(map(str, sorted(self.numbers))) or 'of another form'}"


#: For callers that change whatever version there is, such as jobs: the state that they look at decides, not a version.
ANY_VERSION: Final = ExpectedVersion(is_stated=False, is_needed=False)


def version_etag(version_no: int, *, day: date | None = None) -> str:
    """Return the ETag of version `version_no`; `day` is the legal day of an answer that depends on it."""
    return f'"{version_no}"' if day is None else f'"{version_no}.{day:%Y%m%d}"'


def read_expected_version(if_match: str | None, if_none_match: str | None = None) -> ExpectedVersion:
    """Return what the two headers say. A weak tag counts as its number, since proxies that compress make tags weak.

    Raises:
        MalformedVersion: `If-Match` is no list of tags and no `*`.
    """
    is_new = if_none_match is not None and if_none_match.strip() == "*"
    if if_match is None:
        return ExpectedVersion(is_stated=is_new, is_new=is_new)
    if if_match.strip() == "*":
        return ExpectedVersion(is_new=is_new)
    if _TAGS.fullmatch(if_match) is None:
        raise MalformedVersion(
            'If-Match is the ETag of the resource, such as "2".', detail_zh='If-Match 应为资源的 ETag，例如 "2"。'
        )
    return ExpectedVersion(frozenset(map(int, _TAG.findall(if_match))), is_new=is_new)
