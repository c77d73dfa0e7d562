"""A graded code in words, for people at a terminal."""

from collections.abc import Mapping

from service.uscc.departments import Words
from service.uscc.rules import CodeCheck, org_check, parse


def explain(check: CodeCheck, *, division_names: Mapping[str, str] | None = None) -> list[str]:
    """Return lines that say what `check` found: the verdict, then the parts of the code or what to do about it.

    `division_names` maps division codes to names, of all editions; without it the region is shown as its code alone.
    """
    lines = [f"{check.raw.strip() or '(empty)'}: {check.state.value}", f"  {check.detail}", f"  {check.detail_zh}"]
    if check.code is not None:
        lines += _parts(check.code, division_names)
    if check.old_identifier is not None:
        lines.append(f"  旧代码 older identifier         {check.old_identifier} ({check.old_kind})")
    if check.positions:
        lines.append(f"  错误位置 wrong positions        {', '.join(map(str, check.positions))}")
    if check.suggestion is not None:
        lines.append(f"  Did you mean {check.suggestion}? (a suggestion only: compare with the licence)")
    return lines


def _parts(code: str, division_names: Mapping[str, str] | None) -> list[str]:
    parts = parse(code)
    org_code = f"{parts.org_code[:8]}-{parts.org_code[8]}"
    expected = org_check(parts.org_code[:8])
    verdict = "check passes" if parts.org_code[8] == expected else f"check fails, {expected} expected at its end"
    unknown = "未见于代码表 in no edition known here"
    place = "" if division_names is None else division_names.get(parts.division_code, unknown)
    return [
        f"  1    登记管理部门 department         {parts.department}  {_named(parts.department_words)}",
        f"  2    机构类别     category           {parts.category}  {_named(parts.category_words)}",
        f"  3-8  行政区划     region registered  {parts.division_code}  {place}".rstrip(),
        f"  9-17 组织机构代码 organisation code  {org_code}  {verdict}",
        f"  18   校验码       check character    {parts.check}  passes",
    ]


def _named(words: Words | None) -> str:
    return f"{words.zh} ({words.en})" if words else "未见于代码表 unknown"
