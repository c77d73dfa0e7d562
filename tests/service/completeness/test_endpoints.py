from service.db import Database
from tests.service.penalties.lives import AUTHORITY, open_office


async def test_gaps_and_a_file_of_the_case_system_are_shown_to_the_own_authority_only(database: Database) -> None:
    async with open_office(database) as office:
        for number in (1, 4):
            await office.draft(document_no=f"渝示市监罚〔2026〕{number}号")
        asked = {"authority": AUTHORITY}
        (series,) = (await office.recorder.get("/v1/completeness/gaps", params=asked)).json()["items"]
        assert (series["missing"], series["known"]) == ([2, 3], 2)
        file = "渝示市监罚〔2026〕2号\n渝示市监罚〔2026〕4号\n".encode()
        sent = await office.recorder.post("/v1/completeness/comparison", params=asked, content=file)
        assert sent.json() == {
            "in_file": 2,
            "in_both": 1,
            "missing_here": ["渝示市监罚〔2026〕2号"],
            "missing_there": ["渝示市监罚〔2026〕1号"],
            "unreadable": [],
        }
        for who in (office.outsider, office.county_reviewer):
            refused = await who.get("/v1/completeness/gaps", params=asked)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_your_numbers")
        empty = await office.recorder.post("/v1/completeness/comparison", params=asked, content=b"")
        assert (empty.status_code, empty.json()["code"]) == (422, "no_numbers")
