from urllib.parse import quote

import pytest

from service.audit.packing import pack_codes, unpack_codes
from service.audit.rules import Audited, EntryKind, audited_as, kind_of, plain_code, read_purpose, usable_request_id
from tests.factories import make_uscc


@pytest.mark.parametrize(
    ("what", "status", "known", "kind"),
    [
        (Audited.WRITES, 201, True, EntryKind.WRITE),
        (Audited.WRITES, 201, False, EntryKind.WRITE),
        (Audited.READS, 200, True, EntryKind.READ),
        (Audited.READS, 304, True, EntryKind.READ),
        (Audited.READS, 200, False, None),
        (Audited.ANSWERS, 200, True, EntryKind.ANSWER),
        (Audited.ANSWERS, 200, False, None),
        (Audited.NOTHING, 200, True, None),
        (Audited.READS, 404, True, EntryKind.REFUSAL),
        (Audited.READS, 404, False, None),
        (Audited.READS, 401, False, EntryKind.REFUSAL),
        (Audited.NOTHING, 403, False, EntryKind.REFUSAL),
        (Audited.WRITES, 409, True, EntryKind.REFUSAL),
        (Audited.WRITES, 500, True, EntryKind.REFUSAL),
    ],
)
def test_what_needs_an_entry(what: Audited, status: int, known: bool, kind: EntryKind | None) -> None:
    assert kind_of(what, status=status, known=known) is kind


def test_without_a_declaration_the_method_says_what_an_operation_is() -> None:
    def endpoint() -> None: ...

    assert [audited_as(endpoint, method) for method in ("GET", "HEAD", "PUT", "POST", "DELETE")] == [
        Audited.READS, Audited.READS, Audited.WRITES, Audited.WRITES, Audited.WRITES,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "purpose"),
    [
        (None, None),
        ("  ", None),
        ("merchant onboarding", "merchant onboarding"),
        (quote("商户入驻审核"), "商户入驻审核"),
        ("a\x00b%0D%0Ac", "abc"),
        ("x" * 500, "x" * 200),
        ("%ff%fe", "\ufffd\ufffd"),
    ],
    ids=["none", "blank", "plain", "encoded", "control characters", "long", "no UTF-8"],
)
def test_a_purpose_is_decoded_cut_and_freed_of_control_characters(header: str | None, purpose: str | None) -> None:
    assert read_purpose(header) == purpose


def test_a_request_id_of_others_is_taken_only_if_it_is_harmless() -> None:
    assert usable_request_id("0199d3b0-6f1a-7c31") == "0199d3b0-6f1a-7c31"
    assert [
        usable_request_id(bad) for bad in (None, "", "short", "x" * 49, "a b c d e f", "id';--aaaa", "中文中文中文中文")
    ] == [None] * 7


def test_a_code_in_a_path_is_kept_and_an_identity_number_is_not() -> None:
    code = make_uscc()
    assert plain_code(f" {code.lower()} ") == code
    assert plain_code("11010519491231002X") is None
    assert plain_code("500000000000000") is None


def test_a_packed_list_comes_back_in_its_order_and_is_small() -> None:
    codes = [make_uscc() for _ in range(3000)]
    codes += codes[:5]
    packed, digest = pack_codes(codes)
    assert unpack_codes(packed) == codes
    assert len(packed) < 12 * len(codes)
    assert pack_codes(codes)[1] == digest != pack_codes(codes[::-1])[1]


def test_of_what_is_no_code_a_beginning_is_kept() -> None:
    code = make_uscc()
    odd: list[object] = [code, "11010519491231002X", "短", None, 7, "", code.lower(), "9150 0000XY00000", code]
    packed, _ = pack_codes(odd)
    assert unpack_codes(packed) == [code, "11010519", "短", None, None, "", code.lower()[:8], "9150 000", code]
    assert unpack_codes(pack_codes([])[0]) == []


def test_a_list_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 63"):
        unpack_codes(b"c")
