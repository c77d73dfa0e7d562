"""The SQL of published rows: of each table what every column is, which rows are shown, and which version counts at a position.

A row of a release is the version of a record that was known at a position, when its window covers a legal day. The log never
changes before a position, so that any number of statements, whenever they run, see the same rows.
"""

from dataclasses import dataclass, field
from typing import Final

from service.exports.shapes import ColumnKind, Table
from service.status.queries import PUBLIC

# A sole trader without a trade name is named like its owner. What that is, `reading.names` guesses; a file for everybody keeps
# to names that cannot be one: six Chinese characters outside brackets, and nothing that masks or introduces a person.
_NAMELESS: Final = r"""({uscc} LIKE '92%' AND ({name} ~ '[·・•‧*＊×某]|个体|经营者|字号'
    OR char_length(regexp_replace({name}, '[（(\[{{〔【][^）)\]}}〕】]*[）)\]}}〕】]|[^㐀-鿿]', '', 'g')) < 6))"""

# Spreadsheets take what begins so for a formula; the full-width forms too. 9, 10 and 13 are tab and line ends.
_FORMULA: Final = "(61, 43, 45, 64, 9, 10, 13, 65309, 65291, 65293, 65312)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table's rows come from. `renamed` maps columns of the release to columns of the version, where they differ."""

    version: str
    change_kind: str
    has_id: bool
    shown: str
    renamed: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    list_column: str | None = None


_IN_WINDOW: Final = PUBLIC.replace("{first}", "{day}").replace("{last}", "{day}")
_RECORD: Final = {"publish_from": "public_from", "publish_until": "public_until", "source": "source_code"}
ORIGINS: Final = {
    "subjects": Origin(
        version="subject_version",
        change_kind="subject",
        has_id=False,
        shown="v.registered AND v.state <> 'void' AND {day} IS NOT NULL",
        renamed={"source": "source_code"},
        names=("name",),
    ),
    "penalties": Origin(
        version="penalty_version",
        change_kind="penalty",
        has_id=True,
        shown=_IN_WINDOW,
        renamed=_RECORD,
        names=("party_name",),
    ),
    "blacklist_entries": Origin(
        version="blacklist_entry_version",
        change_kind="blacklist_entry",
        has_id=True,
        shown=_IN_WINDOW,
        renamed=_RECORD | {"list": "list_id"},
        names=("party_name",),
        list_column="list_id",
    ),
}


def column_value(table: Table, name: str) -> str:
    """Return the SQL of a column's value as it may be shown: texts that are held back and owners' names are null."""
    origin = ORIGINS[table.name]
    source = origin.renamed.get(name, name)
    value = f"v.{source}"
    if name in table.of_kind(ColumnKind.TEXT):
        value = f"nullif({value}, '')"
        if name in origin.names:
            value = f"CASE WHEN {_NAMELESS.format(uscc='v.uscc', name=f'v.{source}')} THEN NULL ELSE {value} END"
        if origin.has_id:
            held = f"v.held_texts <> '{{}}' AND '{source}' = ANY (v.held_texts)"
            value = f"CASE WHEN {held} THEN NULL ELSE {value} END"
    return value


def plain_columns(table: Table) -> str:
    """Return the columns as they are, lists as arrays; their order and names are those of the lines."""
    return ", ".join(f"{column_value(table, name)} AS {name}" for name in table.names)


def joined_columns(table: Table, *, neutral: bool) -> str:
    """Return the columns for formats without lists; `neutral` puts an apostrophe before what spreadsheets would compute."""
    parts = []
    for column in table.columns:
        value = column_value(table, column.name)
        if column.kind is ColumnKind.LIST:
            value = f"nullif(array_to_string({value}, ';'), '')"
        elif column.kind is ColumnKind.TEXT and neutral:
            value = _neutral(value)
        parts.append(f"{value} AS {column.name}")
    return ", ".join(parts)


def _neutral(value: str) -> str:
    return f"CASE WHEN ascii({value}) IN {_FORMULA} THEN '''' || {value} ELSE {value} END"


def sheet_row(table: Table) -> str:
    """Return the SQL of a row of a worksheet. Texts are cut at the 32,767 characters that a cell may hold; days are numbers."""
    cells = []
    for column in table.columns:
        value = column_value(table, column.name)
        if column.kind is ColumnKind.TEXT:
            text = f"left({_neutral(value)}, 32767)"
            cell = f"'<c t=\"str\"><v>' || replace(replace(replace({text}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</v></c>'"
        elif column.kind is ColumnKind.INTEGER:
            cell = f"'<c><v>' || {value} || '</v></c>'"
        elif column.kind is ColumnKind.DATE:
            cell = f"'<c s=\"1\"><v>' || ({value} - DATE '1899-12-30') || '</v></c>'"
        else:
            value = f"nullif(array_to_string({value}, ';'), '')" if column.kind is ColumnKind.LIST else value
            cell = f"'<c t=\"str\"><v>' || {value} || '</v></c>'"
        cells.append(f"coalesce({cell}, '<c/>')")
    return f"concat('<row>', {', '.join(cells)}, '</row>')"


def known_rows(table_name: str, columns: str, *, selection: str = "") -> str:
    """Return the statement for all rows at a position ($1) on a day ($2).

    Records without a change behind the position are read from their current versions; of the others, the last version that
    was numbered by then is.
    """
    origin = ORIGINS[table_name]
    identity, same = _identity(origin)
    shown = origin.shown.format(day="$2::date") + selection
    return f"""WITH touched AS MATERIALIZED (
        SELECT {identity} FROM change c WHERE c.kind = '{origin.change_kind}' AND c.position > $1::bigint
        UNION SELECT {identity} FROM pending_change c WHERE c.kind = '{origin.change_kind}'
    ), last AS MATERIALIZED ({_last(origin, "$1::bigint")})
    SELECT {columns} FROM {origin.version} v
    WHERE v.superseded_at IS NULL AND {shown} AND NOT EXISTS (SELECT FROM touched t WHERE {same.format("t")})
    UNION ALL
    SELECT {columns} FROM last l JOIN {origin.version} v ON {same.format("l")} AND v.version_no = l.version_no
    WHERE {shown}"""  # noqa: S608 - put together from the names above


def touched_rows(table_name: str, columns: str, *, selection: str = "") -> str:
    """Return the statement for the rows, at a position ($1) on a day ($2), of records with changes behind $3 up to $4."""
    origin = ORIGINS[table_name]
    identity, same = _identity(origin)
    return f"""WITH touched AS MATERIALIZED (
        SELECT DISTINCT {identity} FROM change c
        WHERE c.kind = '{origin.change_kind}' AND c.position > $3::bigint AND c.position <= $4::bigint
    ), last AS MATERIALIZED ({_last(origin, "$1::bigint")})
    SELECT {columns} FROM last l JOIN {origin.version} v ON {same.format("l")} AND v.version_no = l.version_no
    WHERE {origin.shown.format(day="$2::date")}{selection}"""  # noqa: S608 - put together from the names above


def touched_and_gone(table_name: str) -> str:
    """Return the statement for records with changes behind $3 up to $4 that are not shown at position $1 on day $2."""
    origin = ORIGINS[table_name]
    identity, same = _identity(origin)
    return f"""WITH touched AS MATERIALIZED (
        SELECT DISTINCT {identity} FROM change c
        WHERE c.kind = '{origin.change_kind}' AND c.position > $3::bigint AND c.position <= $4::bigint
    ), last AS MATERIALIZED ({_last(origin, "$1::bigint")})
    SELECT l.uscc, {"l.record_id" if origin.has_id else "NULL::uuid AS record_id"}
    FROM last l JOIN {origin.version} v ON {same.format("l")} AND v.version_no = l.version_no
    WHERE NOT coalesce({origin.shown.format(day="$2::date")}, false)"""  # noqa: S608 - put together from the names above


def ended_since(table_name: str, *, delta: bool) -> str:
    """Return the statement that tells whether a release shows what may not be shown any more.

    $1 and $2 are its position and day, $3 the position up to which it was checked; for a delta $4 is where it begins, since
    only what changed behind that is in it. Besides a record that is gone, a text that is held back by now counts, and a version
    that was replaced because of personal data or a secret.
    """
    origin = ORIGINS[table_name]
    identity, same = _identity(origin)
    in_delta = f"""AND EXISTS (SELECT FROM change d WHERE d.uscc = c.uscc AND d.kind = c.kind
        {"AND d.record_id = c.record_id" if origin.has_id else ""} AND d.position > $4::bigint AND d.position <= $1::bigint)"""
    newer = same.format("l").replace("v.", "n.")
    silenced = f"""OR NOT n.held_texts <@ v.held_texts OR EXISTS (
        SELECT FROM {origin.version} s WHERE s.uscc = v.uscc AND s.id = v.id AND s.silences_before
        AND s.version_no > l.version_no AND s.version_no <= h.version_no)"""
    return f"""WITH touched AS MATERIALIZED (
        SELECT DISTINCT {identity} FROM change c
        WHERE c.kind = '{origin.change_kind}' AND c.position > $3::bigint AND c.version_no > 1 {in_delta if delta else ""}
    ), last AS MATERIALIZED ({_last(origin, "$1::bigint")}),
    head AS MATERIALIZED ({_last(origin, "(SELECT head_position FROM change_log)")})
    SELECT EXISTS (
        SELECT FROM last l JOIN {origin.version} v ON {same.format("l")} AND v.version_no = l.version_no
        JOIN head h ON h.uscc = l.uscc {"AND h.record_id = l.record_id" if origin.has_id else ""}
        JOIN {origin.version} n ON {newer} AND n.version_no = h.version_no
        WHERE {origin.shown.format(day="$2::date")}
        AND (NOT coalesce({origin.shown.format(day="$2::date").replace("v.", "n.")}, false)
            {silenced if origin.has_id else ""})
    )"""  # noqa: S608 - put together from the names above


def selected(table_name: str, *, first: int) -> tuple[str, str | None]:
    """Return the conditions of a selection of regions and lists, as parameters from `$first` on.

    The first takes an array of prefixes of digits 3 to 8 of the code, the second, where the table has one, an array of lists.
    """
    origin = ORIGINS[table_name]
    region = f" AND (cardinality(${first}::text[]) = 0 OR EXISTS (SELECT FROM unnest(${first}::text[]) r WHERE substr(v.uscc, 3, length(r)) = r))"
    if origin.list_column is None:
        return region, None
    return (
        region,
        f" AND (cardinality(${first + 1}::text[]) = 0 OR v.{origin.list_column} = ANY (${first + 1}::text[]))",
    )


def _identity(origin: Origin) -> tuple[str, str]:
    if origin.has_id:
        return "c.uscc, c.record_id", "{0}.uscc = v.uscc AND {0}.record_id = v.id"
    return "c.uscc", "{0}.uscc = v.uscc"


def _last(origin: Origin, position: str) -> str:
    identity, _ = _identity(origin)
    joined = "t.uscc = c.uscc" + (" AND t.record_id = c.record_id" if origin.has_id else "")
    return f"""SELECT {identity}, max(c.version_no) AS version_no FROM touched t JOIN change c ON {joined}
        WHERE c.kind = '{origin.change_kind}' AND c.position <= {position} GROUP BY {identity}"""  # noqa: S608 - of constants and whole numbers
