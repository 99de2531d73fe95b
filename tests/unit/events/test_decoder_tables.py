"""The parsers of a decoder, which are found once for each type, and the bytes that it keeps."""

import pytest
from test_decoder import COMPLETED, DELTA, decoder, frame, replayed

from responses_client._events import decoder as module
from responses_client._events.decoder import EventDecoder
from responses_client.models import UnknownEvent

FORMS = {
    "name and type": frame(DELTA, DELTA["type"]),
    "type alone": frame(DELTA),
    "name alone": frame({"delta": "Tea"}, DELTA["type"]),
}


@pytest.fixture(autouse=True)
def _no_type_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_parsers", {})
    monkeypatch.setattr(module, "_rare_parsers", {})


@pytest.mark.parametrize("text", [*FORMS.values(), frame(COMPLETED), frame(COMPLETED, COMPLETED["type"])])
def test_event_of_a_type_that_has_come_is_parsed_in_one_step(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = decoder().feed(text)

    def never(data: bytes) -> object:
        raise AssertionError(data)

    monkeypatch.setattr(module, "read_json", never)
    made = decoder()
    assert made.feed(text) == first
    assert replayed(made) == first


@pytest.mark.parametrize("name", ["name and type", "name alone"])
def test_piece_of_text_is_not_looked_at_before_it_is_parsed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bytes] = []
    look = EventDecoder._parse_unusual

    def counted(made: EventDecoder, line: bytes, data: bytes) -> object:
        looks.append(line)
        return look(made, line, data)

    monkeypatch.setattr(EventDecoder, "_parse_unusual", counted)
    made = decoder()
    made.feed(FORMS[name] * 3 + frame(COMPLETED, COMPLETED["type"]))
    assert looks == [DELTA["type"].encode(), COMPLETED["type"].encode()]
    assert made.end is not None


@pytest.mark.parametrize("value", [{}, {"type": "ping"}])
def test_type_of_a_class_with_several_is_that_of_each_event(value: dict[str, str]) -> None:
    others = frame({}, "keepalive") + frame({}, "response.keep_alive")
    events = decoder().feed((frame(value, "ping") + others) * 2)
    assert [event.type for event in events] == ["ping", "keepalive", "response.keep_alive"] * 2
    assert [event.to_dict() for event in events] == [value, {}, {}] * 2


def test_type_in_the_data_goes_before_the_line_of_an_error() -> None:
    (event,) = decoder().feed(frame({"type": "response.failed", "response": {"id": "resp_1"}}, "error"))
    assert event.type == "response.failed"


def test_type_that_is_no_string_is_not_replaced_by_the_line() -> None:
    (event,) = decoder().feed(frame({"type": 5, "delta": "Tea"}, DELTA["type"]))
    assert isinstance(event, UnknownEvent)


def test_line_that_is_no_text_is_a_type_that_is_not_known() -> None:
    (event,) = decoder().feed(b"event: \xff\ndata: {}\n\n")
    assert isinstance(event, UnknownEvent)


# The bytes that are kept


def test_kept_bytes_are_counted_until_they_are_replayed_or_left() -> None:
    made, text = decoder(), frame(DELTA)
    assert made.kept_bytes == 0
    for leave in (made.discard_kept, made.skip_kept, lambda: replayed(made)):
        made.feed(text)
        made.keep(text)
        assert made.kept_bytes == 2 * len(text)
        leave()
        assert made.kept_bytes == 0


def test_nothing_is_replayed_after_a_response_that_is_whole() -> None:
    made = decoder()
    made.feed(frame(COMPLETED))
    made.discard_kept()
    made.keep(frame(DELTA))
    assert replayed(made) == []


def test_event_of_which_a_part_was_skipped_is_replayed_whole() -> None:
    made, text = decoder(), frame(DELTA)
    made.feed(text + text[:20])
    made.skip_kept()
    made.feed(text[20:])
    (event,) = replayed(made)
    assert event.delta == "Tea"
