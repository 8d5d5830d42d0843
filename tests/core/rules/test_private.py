"""What a model would learn and may repeat: a notice a row, never with the text itself."""

from collections.abc import Callable

import pytest

from tintype.rules import Problem, judge_row, rules_of
from tintype.rules.private import gives_notice, private_in

from .conftest import row, surveyed

Judge = Callable[..., tuple[Problem, ...]]
KEY = "sk-proj-" + "a1B2" * 8
PRIVATE = (
    ("Write to ann.lee@kunde.de.", "email"),
    ("+49 30 1234567", "phone"),
    ("call 212-664-7665 now", "phone"),
    ("Tel. 030 1234567", "phone"),
    ("(0171) 234 5678", "phone"),
    ("at (212) 664-7665", "phone"),
    (KEY, "key"),
    ("ghp_" + "x9" * 18, "key"),
    ("hf_" + "xY" * 17, "key"),
    ("AKIA" + "A1B2" * 4, "key"),
    ("AIza" + "a-1_b" * 7, "key"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "key"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "key"),
)
NOTHING = (
    "", "A pear.", "It is 10:30 on 2024-01-02, or 01/02/2024.", "x" * 300, "a@b", "5 @ 3.50 each",
    "icon@2x.png", "git@github.com:ann/pears", "ann@example.com", "bob@mail.example.org",
    "<loc0100><loc0200><loc0300><loc0400> pear", "[102, 305, 512, 614] 100 200 300",
    "4111 1111 1111 1111", "ISBN 978-3-16-148410-0", "+5 points, +12 more", "1-2-3, 100-200-3000",
    "order 0123456789", "a sk-ip and a task-force of well-known_names", "212-555-0142",
    "http://user:word@host.de/a", "Call 0800.", "v1.2.3-rc.4+build.567", "12 (1984) 34 567 890",
)  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), PRIVATE)
def test_a_row_with_such_a_text_has_one_warning_without_it(text: str, kind: str) -> None:
    value = row(answer=f"Yes: {text}")
    (problem,) = judge_row(surveyed(value), rules_of("openai"))
    assert (problem.rule, problem.severity) == ("private", "warning")
    assert text not in problem.message + problem.fix
    assert private_in([text], ()) == [kind]


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_a_little_like_it_gives_no_notice(text: str) -> None:
    assert not gives_notice(text)
    assert not {"email", "phone", "key"} & set(private_in([text], ()))


def test_what_gives_notice_is_found_by_the_query_and_the_other_way_round() -> None:
    for text in (*(text for text, _ in PRIVATE), *NOTHING):
        found = {"email", "phone", "key"} & set(private_in([text], ()))
        assert gives_notice(text) == bool(found), text
