import pytest

from tintype_tui.terminal.ringing import ringing


@pytest.mark.parametrize(
    ("how", "environ", "rung"),
    [
        ("auto", {"TERM": "xterm-kitty"}, "\x1b]9;It; ended.\x07\x07"),
        ("auto", {"TERM": "foot"}, "\x1b]777;notify;Tintype;It, ended.\x07\x07"),
        (
            "auto",
            {"TERM": "xterm", "VTE_VERSION": "7"},
            "\x1b]777;notify;Tintype;It, ended.\x07\x07",
        ),
        ("auto", {"TERM": "linux"}, "\x07"),
        ("bell", {"TERM": "foot"}, "\x07"),
        ("off", {"TERM": "foot"}, ""),
        ("osc9", {"TMUX": "x"}, "\x1bPtmux;\x1b\x1b]9;It; ended.\x07\x1b\\\x07"),
    ],
)
def test_a_terminal_is_rung_as_it_knows(how: str, environ: dict[str, str], rung: str) -> None:
    assert ringing("It;\x1b\x07 ended.", how, environ) == rung
