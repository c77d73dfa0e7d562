"""A graded code in words, for people at a terminal."""

from collections.abc import Mapping

from service.uscc.rules import CodeCheck, parse


def explain(check: CodeCheck, *, division_names: Mapping[str, str] | None = None) -> list[str]:
    """Return lines that say what `check` found: the verdict, then the parts of the code or what to do about it."""
    lines = [f"{check.raw.strip() or '(empty)'}: {check.state.value}", f"  {check.detail}", f"  {check.detail_zh}"]
    if check.code is not None:
        parts = parse(check.code)
        department = (
            f"{parts.department_words.zh} ({parts.department_words.en})" if parts.department_words else "unknown"
        )
        category = f"{parts.category_words.zh} ({parts.category_words.en})" if parts.category_words else "unknown"
        place = (division_names or {}).get(parts.division_code, "in no edition known here")
        lines += [
            f"  登记管理部门 department         {parts.department}  {department}",
            f"  机构类别     category           {parts.category}  {category}",
            f"  行政区划     region registered  {parts.division_code}  {place}",
            f"  组织机构代码 organisation code  {parts.org_code}",
            f"  校验码       check character    {parts.check}",
        ]
    if check.old_identifier is not None:
        lines.append(f"  旧代码 older identifier         {check.old_identifier} ({check.old_kind})")
    if check.positions:
        lines.append(f"  wrong positions: {', '.join(map(str, check.positions))}")
    if check.suggestion is not None:
        lines.append(f"  Did you mean {check.suggestion}? (a suggestion only: compare with the licence)")
    return lines
