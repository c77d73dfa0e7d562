import pytest

from service.strict_json import LONGEST_NUMBER, MOST_LEVELS, NotStrict, check_json, has_forbidden_character


@pytest.mark.parametrize(
    "body",
    [
        "null",
        '{"a": [1, 2.5, -3e2, "x", true, null], "b": {"a": 1}}',
        "[" * MOST_LEVELS + "]" * MOST_LEVELS,
        '{"text": "' + "[{" * 500 + '"}',
        '{"quote": "\\"[[[", "emoji": "\\ud83d\\ude00"}',
        "9" * LONGEST_NUMBER,
        "[" + ",".join(["[]"] * 1000) + "]",
    ],
)
def test_what_every_reader_reads_alike_is_accepted(body: str) -> None:
    check_json(body.encode())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1, "a": 2}', "two members"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "two members"),
        (b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1), "deeper"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deeper"),
        (b"[" * 2_000_000, "deeper"),
        (b"9" * (LONGEST_NUMBER + 1), "characters"),
        (b"9" * 5000, "characters"),
        (b"1." + b"0" * 40, "digits"),
        (b"1e999", "too large"),
        (b"NaN", "no number"),
        (b"-Infinity", "no number"),
        (b'"\\u0000"', "U+0000"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"{'a': 1}", "no JSON"),
        (b'{"a": 1} x', "no JSON"),
        (b'"a\nb"', "no JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "no JSON"),
    ],
    ids=range(19),
)
def test_what_two_readers_may_read_in_two_ways_is_refused_in_one_sentence(body: bytes, words: str) -> None:
    with pytest.raises(NotStrict) as refused:
        check_json(body)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize(
    ("text", "forbidden"), [("渝", False), ("\t", False), ("a\0b", True), ("\ud800", True), ("😀", False)], ids=range(5)
)
def test_characters_that_are_none_are_found(text: str, forbidden: bool) -> None:
    assert has_forbidden_character(text) is forbidden
