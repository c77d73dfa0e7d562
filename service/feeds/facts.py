"""What a record has to say to another system: its present version with registration, authority and list, in bulk."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from asyncpg import Connection

from service.feeds.queries import Row

_TABLES: Final = {
    "penalty": "penalty_version",
    "blacklist_entry": "blacklist_entry_version",
    "credit_record": "credit_record_version",
}
_STATED: Final = "coalesce(v.legal_representative, s.legal_representative) AS legal_representative"
_FACTS: Final = {
    "penalty": f"NULL::text AS list_name, {_STATED}",
    "blacklist_entry": """b.name AS list_name, s.legal_representative, NULL::bigint AS fine_fen,
        NULL::bigint AS confiscation_fen, NULL::text AS source_org""",
    # What a permit says stands in its body, by the fields of its class; the parts of a text that is held back are empty there.
    "credit_record": f"""{_STATED}, coalesce(v.authority_name, a.name) AS authority_name,
        v.body ->> 'permit_name' AS permit_name, v.body ->> 'permit_kind' AS permit_kind,
        v.body ->> 'permit_kind_other' AS permit_kind_other, v.body ->> 'certificate_name' AS certificate_name,
        v.body ->> 'certificate_no' AS certificate_no, v.body ->> 'content' AS permit_content""",
}
_WINDOWS: Final = {
    "penalty": "v.{channel}_from AS window_from, v.{channel}_until AS window_until",
    "blacklist_entry": "v.public_from AS window_from, v.public_until AS window_until",
    "credit_record": "coalesce(v.valid_from, v.decided_on) AS window_from, v.valid_until AS window_until",
}


async def list_facts(connection: Connection, *, kind: str, channel: str, keys: Sequence[tuple[str, UUID]]) -> list[Row]:
    """Return the present versions of records with all that a shape may ask for, in the order of `keys`.

    The legal representative is the one that the record states, else the registration's.
    """
    window = _WINDOWS[kind].replace("{channel}", channel)
    rows: list[Row] = await connection.fetch(
        f"""SELECT v.*, {window}, {_FACTS[kind]}, s.reg_no, s.org_code, s.tax_no, a.uscc AS authority_uscc,
            a.division_code AS authority_division
        FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k (uscc, id, at)
        JOIN {_TABLES[kind]} v ON v.uscc = k.uscc AND v.id = k.id AND v.superseded_at IS NULL
        LEFT JOIN subject_version s ON s.uscc = v.uscc AND s.superseded_at IS NULL AND s.state <> 'void'
        LEFT JOIN authority a ON a.code = v.authority_code
        {"JOIN blacklist b ON b.id = v.list_id" if kind == "blacklist_entry" else ""}
        ORDER BY k.at""",  # noqa: S608 - put together from the constants above
        [uscc for uscc, _ in keys],
        [one for _, one in keys],
    )
    return rows
