"""Standard output as a terminal or a pipe, and its styles."""

from __future__ import annotations

import io

import pytest

from responses_client._cli.terminal import DIM, MARKED, Output, has_styles


@pytest.mark.parametrize(
    ("is_terminal", "environ", "expected"),
    [
        (True, {}, True),
        (True, {"TERM": "xterm"}, True),
        (False, {}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_styles_follow_the_conventions(is_terminal: bool, environ: dict[str, str], expected: bool) -> None:
    assert has_styles(is_terminal, environ) is expected


def written(*pieces: tuple[str, str | None], is_terminal: bool = True, has_styles: bool = True) -> str:
    stream = io.StringIO()
    out = Output(stream, is_terminal=is_terminal, has_styles=has_styles)
    for text, style in pieces:
        out.write(text, style)
    return stream.getvalue()


def test_styled_text_is_marked_and_the_rest_is_not() -> None:
    assert written(("a", DIM), ("b", None), ("c", MARKED)) == "\x1b[2ma\x1b[0mb\x1b[36mc\x1b[0m"


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["one"], "| one"),
        (["one\ntwo"], "| one\n| two"),
        (["one\n", "two"], "| one\n| two"),
        (["one ", "and\n\ntwo\n"], "| one and\n\n| two\n"),
    ],
)
def test_terminal_without_styles_has_bars_in_place_of_dim(pieces: list[str], shown: str) -> None:
    assert written(*((piece, DIM) for piece in pieces), has_styles=False) == shown


def test_terminal_without_styles_shows_marked_text_as_it_is() -> None:
    assert written(("[call]", MARKED), has_styles=False) == "[call]"


@pytest.mark.parametrize(("is_terminal", "has_styles"), [(True, True), (True, False), (False, True)])
def test_control_characters_do_not_reach_a_reader_of_styles(is_terminal: bool, has_styles: bool) -> None:
    assert (
        written(("a\x1b[2Jb\x9b\tc", None), is_terminal=is_terminal, has_styles=has_styles)
        == "a\ufffd[2Jb\ufffd\tc"
    )


def test_pipe_gets_the_text_as_it_is() -> None:
    assert written(("a\x1bb", None), is_terminal=False, has_styles=False) == "a\x1bb"


@pytest.mark.parametrize(
    ("is_terminal", "has_styles", "shows"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_reasoning_is_for_readers_at_a_terminal(is_terminal: bool, has_styles: bool, shows: bool) -> None:
    assert Output(io.StringIO(), is_terminal=is_terminal, has_styles=has_styles).shows_reasoning is shows


def test_lines_begin_where_the_last_one_has_ended() -> None:
    stream = io.StringIO()
    out = Output(stream)
    out.write("")
    out.end_line()
    out.write("a")
    out.line("b")
    out.end_line()
    out.line("c")
    assert stream.getvalue() == "a\nb\nc\n"
