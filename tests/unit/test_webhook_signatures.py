"""Webhooks: their signatures, times and events. The peer is the library of the standard itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client import AsyncClient, Client
from responses_client._webhook_signatures import sign, unwrap, verify
from responses_client.errors import (
    ConfigurationError,
    RequestValidationError,
    ResponsesClientError,
    ResponseValidationError,
    WebhookSignatureError,
)
from responses_client.models import (
    ResponseCancelledWebhookEvent,
    ResponseCompletedWebhookEvent,
    ResponseFailedWebhookEvent,
    ResponseIncompleteWebhookEvent,
    UnknownWebhookEvent,
)
from responses_client.resources.webhooks import AsyncWebhooks, Webhooks
from responses_client.testing import Server, sign_webhook

KEY = b"a key of 24 bytes, or so"
RAW = base64.b64encode(KEY).decode()
SECRET = f"whsec_{RAW}"
NOW = 1_750_000_000
BODY = b'{"type": "response.completed", "id": "evt_1", "created_at": 1, "data": {"id": "resp_1"}}'


def headers(body: bytes | str = BODY, **changes: str) -> dict[str, str]:
    """Return the headers that sign a body, with some changed; an underscore stands for a hyphen."""
    return sign(body, "wh_1", NOW, SECRET) | {
        name.replace("_", "-"): value for name, value in changes.items()
    }


def check(body: Any = BODY, given: Any = None, secret: Any = SECRET, **options: Any) -> None:
    verify(body, headers() if given is None else given, secret, **{"now": NOW, **options})


def refusal(given: Any, **options: Any) -> str:
    """Return the message of the refusal, which shows neither the secret nor the matching signature."""
    with pytest.raises(WebhookSignatureError) as caught:
        check(given=given, **options)
    return without_secrets(caught.value)


def without_secrets(error: ResponsesClientError) -> str:
    fitting = headers()["webhook-signature"].removeprefix("v1,")
    for text in (str(error), repr(error), repr(pickle.loads(pickle.dumps(error)))):
        assert RAW not in text
        assert fitting not in text
    return str(error)


# --- peers


def test_example_of_the_standard_is_accepted() -> None:
    given = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    verify('{"test": 2432232314}', given, secret, now=1614265330)


@given(key=st.binary(min_size=16, max_size=64), body=st.text(st.characters(codec="utf-8"), max_size=50))
def test_what_the_library_of_the_standard_signs_is_accepted(key: bytes, body: str) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    peer = pytest.importorskip("standardwebhooks").Webhook(secret)
    signature = peer.sign("wh_1", datetime.fromtimestamp(NOW, UTC), body)
    given = {"webhook-id": "wh_1", "webhook-timestamp": str(NOW), "webhook-signature": signature}
    verify(body, given, secret, now=NOW)
    verify(body.encode(), given, secret.removeprefix("whsec_"), now=NOW)


@given(key=st.binary(min_size=16, max_size=64), body=st.text(st.characters(codec="utf-8"), max_size=50))
def test_what_we_sign_is_accepted_by_the_library_of_the_standard(key: bytes, body: str) -> None:
    secret = "whsec_" + base64.b64encode(key).decode().rstrip("=")
    signed = sign_webhook(body, secret=secret)
    peer = pytest.importorskip("standardwebhooks").Webhook(secret)
    assert peer.verify(body, signed, json_parse=False) is None


@pytest.mark.parametrize("secret", ["not base64 at all".replace(" ", "-"), RAW])
def test_secret_without_prefix_may_be_the_key_itself(secret: str) -> None:
    signed = b"wh_1.%d." % NOW + BODY
    signature = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    check(given=headers(webhook_signature=f"v1,{signature}"), secret=secret)


@given(st.binary(max_size=50), st.data())
def test_any_change_is_noticed(body: bytes, data: st.DataObject) -> None:
    signed = sign(body, "wh_1", NOW, SECRET)
    verify(body, signed, SECRET, now=NOW)
    other = data.draw(st.binary(max_size=50).filter(lambda changed: changed != body))
    changes: list[tuple[bytes, dict[str, str]]] = [
        (other, signed),
        (body, signed | {"webhook-id": "wh_2"}),
        (body, signed | {"webhook-timestamp": str(NOW + 1)}),
        (body, sign(body, "wh_1", NOW, "whsec_" + base64.b64encode(b"another, of 24 bytes too").decode())),
    ]
    for content, carried in changes:
        with pytest.raises(WebhookSignatureError, match="no signature matches"):
            verify(content, carried, SECRET, now=NOW)


junk = st.text(max_size=20) | st.binary(max_size=20)


@given(st.dictionaries(st.sampled_from(list(headers())), junk | st.lists(junk, max_size=2)))
def test_no_header_gives_any_other_error(changes: dict[str, Any]) -> None:
    for carried in (changes, headers() | changes):
        try:
            check(given=carried)
        except WebhookSignatureError:
            continue
        assert headers() | changes == headers()


# --- signatures


@pytest.mark.parametrize(
    "form",
    [
        "{0}",
        "v1,AAAA {0}",
        "{0} v1,AAAA",
        "v1a,bm8= {0} v2,bm8=",
        "v1,?? {0}",
        "  {0}  ",
    ],
)
def test_one_matching_signature_among_several_is_enough(form: str) -> None:
    check(given=headers(webhook_signature=form.format(headers()["webhook-signature"])))


@pytest.mark.parametrize("length", [43, 44])
def test_padding_of_the_signature_may_be_left_out(length: int) -> None:
    check(given=headers(webhook_signature=headers()["webhook-signature"][: 3 + length]))


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "another signature": ({"webhook_signature": "v1,AAAA"}, "no signature matches"),
    "empty signature": ({"webhook_signature": "v1,"}, "no signature matches"),
    "not base64": ({"webhook_signature": "v1,A?=="}, "is not base64"),
    "base64 of a length that none has": ({"webhook_signature": "v1,AAAAA"}, "is not base64"),
    "other versions": ({"webhook_signature": "v2,AAAA v1a,AAAA"}, "has no signature of version 1"),
    "no version": (
        {"webhook_signature": headers()["webhook-signature"][3:]},
        "has no signature of version 1",
    ),
    "blank signatures": ({"webhook_signature": "  "}, "has no signature of version 1"),
    "not ASCII": ({"webhook_signature": "v1,é"}, "webhook-signature header holds characters beyond ASCII"),
    "id is not ASCII": ({"webhook_id": "wh_é"}, "webhook-id header holds characters beyond ASCII"),
    "another id": ({"webhook_id": "wh_2"}, "no signature matches"),
    **{
        f"timestamp {text!r}": ({"webhook_timestamp": text}, "header must be a whole number of seconds, got")
        for text in ("1e3", " 12 ", "NaN", "inf", "-1", "+1", "1.5", "0x10", "9" * 16, "9" * 5000, "1_0")
    },
    "timestamp in other digits": ({"webhook_timestamp": "١٢٣"}, "characters beyond ASCII"),
    "empty": ({"webhook_timestamp": ""}, "it has no webhook-timestamp header"),
    "huge": ({"webhook_timestamp": "9" * 15}, "for 999998249999999 s from now"),
    "ancient": ({"webhook_timestamp": "0"}, "1750000000 s ago, and 300 s are tolerated; it may be a replay"),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_refusal_names_its_reason(changes: dict[str, str], reason: str) -> None:
    assert reason in refusal(headers(**changes))


@pytest.mark.parametrize("name", list(headers()))
def test_missing_header_is_named(name: str) -> None:
    given: dict[str, Any] = headers()
    for without in (
        {**given, name: None},
        {**given, name: []},
        {k: v for k, v in given.items() if k != name},
    ):
        assert f"it has no {name} header" in refusal(without)


@pytest.mark.parametrize("name", list(headers()))
def test_header_that_occurs_twice_is_refused(name: str) -> None:
    pairs = [*headers().items(), (name.upper(), headers()[name])]
    assert f"it has 2 {name} headers" in refusal(pairs)


# --- time


@pytest.mark.parametrize("now", [NOW - 300, NOW, NOW + 300])
def test_clocks_may_differ_by_the_tolerance(now: float) -> None:
    check(now=now)


@pytest.mark.parametrize(
    ("now", "reason"),
    [(NOW + 301, "301 s ago, and 300 s are tolerated; it may be a replay"), (NOW - 301, "check the clock")],
)
def test_clocks_may_not_differ_by_more(now: float, reason: str) -> None:
    assert reason in refusal(headers(), now=now)


def test_tolerance_can_be_chosen() -> None:
    check(now=NOW + 400, tolerance=400)
    assert "5 s are tolerated" in refusal(headers(), now=NOW + 6, tolerance=5)
    check(tolerance=0)


@pytest.mark.parametrize("tolerance", [-1, float("nan"), float("inf"), 1e15, True, "300", None])
def test_tolerance_that_is_not_a_number_of_seconds_is_refused(tolerance: Any) -> None:
    expected = "^The webhook was not verified: tolerance: expected a number of seconds, 0 or more, got "
    with pytest.raises(RequestValidationError, match=expected):
        check(tolerance=tolerance)


def test_time_is_that_of_this_machine_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + 0.5)
    verify(BODY, headers(), SECRET)
    assert sign_webhook(BODY, id="wh_1", secret=SECRET) == headers()


# --- headers and body as frameworks give them


def list_values(given: dict[str, str]) -> Any:
    return {name: [value] for name, value in given.items()}


def bytes_pairs(given: dict[str, str]) -> Any:
    return [(name.encode(), value.encode()) for name, value in given.items()] + [(b"x-other", b"\xff")]


def with_items_only(given: dict[str, str]) -> Any:
    return SimpleNamespace(items=lambda: [*given.items(), ("X-Other", 3)])


def upper(given: dict[str, str]) -> Any:
    return {name.title(): value for name, value in given.items()}


@pytest.mark.parametrize("form", [dict, upper, httpx.Headers, list_values, bytes_pairs, with_items_only])
def test_headers_may_have_any_form(form: Callable[[dict[str, str]], Any]) -> None:
    check(given=form(headers()))


@pytest.mark.parametrize("given", [None, 3, [1], ["abc"], object()])
def test_other_types_of_headers_are_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match="headers must be a mapping, or pairs of name and value, got"):
        verify(BODY, given, SECRET, now=NOW)


@pytest.mark.parametrize("body", [BODY, BODY.decode(), bytearray(BODY), memoryview(BODY)])
def test_body_may_be_bytes_or_text(body: Any) -> None:
    check(body)


@pytest.mark.parametrize("body", [None, {"type": "x"}, 3])
def test_parsed_body_is_a_type_error(body: Any) -> None:
    with pytest.raises(TypeError, match="bytes or a string as received, before any parsing, got"):
        check(body)


def test_body_that_is_not_utf_8_can_be_signed() -> None:
    check(b"\xff\x00", headers(b"\xff\x00"))
    check("\ud800", headers("\ud800"))


# --- secrets


@pytest.mark.parametrize(
    "secret", [None, "", "  ", b"whsec_aGVsbG8=", [], (), [None], [SECRET, ""], {SECRET}]
)
def test_no_secret_is_an_error_and_never_accepted(secret: Any) -> None:
    signature = base64.b64encode(hmac.new(b"", b"wh_1.%d." % NOW + BODY, hashlib.sha256).digest()).decode()
    with pytest.raises(ConfigurationError, match=r"There is no webhook secret; set .* OPENAI_WEBHOOK_SECRET"):
        check(given=headers(webhook_signature=f"v1,{signature}"), secret=secret)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("whsec_", "not base64 after whsec_"),
        ("whsec_====", "not base64 after whsec_"),
        ("whsec_hunter-2", "not base64 after whsec_"),
        (f"{SECRET} {SECRET}", "holds white space or .* pass several secrets as a list"),
        ([SECRET, "whsec_hunter-2"], "not base64 after whsec_"),
        (f" {SECRET}", "holds white space"),
        (f"{SECRET}\n", "holds white space"),
        ("whsec_hünter", "beyond ASCII"),
    ],
)
def test_secret_that_cannot_work_is_an_error_that_does_not_show_it(secret: Any, reason: str) -> None:
    named = rf"^The webhook secret \(webhook_secret, or secret of the call\) .*{reason}"
    with pytest.raises(ConfigurationError, match=named) as caught:
        check(secret=secret)
    assert "nter" not in without_secrets(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_aHVudGVyMg==",
        "whsec_" + base64.b64encode(b"hunter2 of 15 b").decode(),
        "hunter2",
        "hunter2-15chars",
        "aHVudGVyMg==",
        [SECRET, "hunter2"],
    ],
)
@pytest.mark.parametrize("call", ["verify", "sign"])
def test_short_secret_is_refused_and_not_shown(secret: Any, call: str) -> None:
    named = r"^The webhook secret \(webhook_secret, or secret of the call\) is shorter than 16 bytes"
    with pytest.raises(ConfigurationError, match=named) as caught:
        check(secret=secret) if call == "verify" else sign(
            BODY, "wh_1", NOW, secret[-1] if secret[0] == SECRET else secret
        )
    assert "nter" not in str(caught.value)
    assert "aHVudGVy" not in str(caught.value)


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(KEY[:16]).decode(), "sixteen-chars-16"])
def test_secret_of_sixteen_bytes_is_enough(secret: str) -> None:
    check(given=sign(BODY, "wh_1", NOW, secret), secret=secret)


OTHER = "whsec_" + base64.b64encode(b"the secret that was before").decode()


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], (OTHER, SECRET), [SECRET], [OTHER, RAW]])
def test_one_of_several_secrets_must_have_signed(secrets: Any) -> None:
    check(secret=secrets)
    assert unwrap(BODY, headers(), secrets, now=NOW).data.id == "resp_1"
    with pytest.raises(WebhookSignatureError, match="no signature matches"):
        check(
            given=sign(BODY, "wh_1", NOW, "whsec_" + base64.b64encode(b"a third one, of 24 bytes").decode()),
            secret=secrets,
        )


def hidden_in(caught: pytest.ExceptionInfo[Exception], *hidden: str) -> None:
    """Check that no variable of the frames of a traceback shows a secret; the first frame is that of the test."""
    frames = caught.traceback[1:]
    assert frames
    for frame in frames:
        shown = repr(frame.locals)
        assert not any(text in shown for text in hidden)


@pytest.mark.parametrize("call", [verify, unwrap])
@pytest.mark.parametrize("secret", [SECRET, [OTHER, SECRET]])
def test_traceback_holds_no_secret(call: Any, secret: Any) -> None:
    fitting = headers()["webhook-signature"].removeprefix("v1,")
    with pytest.raises(WebhookSignatureError) as caught:
        call(BODY, headers(webhook_signature="v1,AAAA"), secret, now=NOW)
    hidden_in(caught, RAW, repr(KEY), fitting, repr(base64.b64decode(fitting)))
    with pytest.raises(ConfigurationError) as mistaken:
        call(BODY, headers(), "hunter2", now=NOW)
    hidden_in(mistaken, "hunter2")
    assert mistaken.value.__context__ is None


# --- the signed text


@pytest.mark.parametrize(
    ("body", "shifted"),
    [
        # The signed text of the first is that of the second, too: `wh_1.NOW.NOW.{}`.
        (b"%d.{}" % NOW, (f"wh_1.{NOW}", b"{}")),
        (b"5.6.%d.{}" % NOW, (f"wh_1.{NOW}.5.6", b"{}")),
    ],
)
def test_parts_of_the_signed_text_cannot_be_shifted(body: bytes, shifted: tuple[str, bytes]) -> None:
    signed = headers(body)
    check(body, signed)
    id, rest = shifted
    assert f"{id}.{NOW}.".encode() + rest == f"wh_1.{NOW}.".encode() + body
    with pytest.raises(
        WebhookSignatureError, match="its webhook-id header contains a full stop, which an id must not"
    ):
        check(rest, signed | {"webhook-id": id})


@given(st.text("wh_1.", min_size=1, max_size=8), st.text("123.", max_size=8), st.binary(max_size=8))
def test_signature_fits_one_id_time_and_body_only(id: str, timestamp: str, body: bytes) -> None:
    signed = headers(b"1.2.{}") | {"webhook-id": id, "webhook-timestamp": timestamp}
    try:
        check(body, signed, tolerance=1e14)
    except WebhookSignatureError:
        assert (id, timestamp, body) != ("wh_1", str(NOW), b"1.2.{}")
    else:
        assert (id, timestamp, body) == ("wh_1", str(NOW), b"1.2.{}")


@pytest.mark.parametrize(
    "id", ["wh_685342e6c53c8190a1be43f081506c52", "evt_1", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"]
)
def test_ids_of_real_senders_are_taken(id: str) -> None:
    check(given=sign(BODY, id, NOW, SECRET))


def test_every_signature_is_compared_with_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one == other)
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    right = headers()["webhook-signature"]
    check(given=headers(webhook_signature=f"{right} v1,AAAA v1,AAAA"), secret=[SECRET, OTHER])
    assert sorted(compared) == [False] * 5 + [True]


# --- events


def event(kind: str | None, **fields: Any) -> bytes:
    tag = {} if kind is None else {"type": kind}
    return json.dumps({"id": "evt_1", "object": "event", "created_at": 5, **tag, **fields}).encode()


def unwrapped(body: bytes | str, **options: Any) -> Any:
    return unwrap(body, headers(body), SECRET, now=NOW, **options)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("response.completed", ResponseCompletedWebhookEvent),
        ("response.failed", ResponseFailedWebhookEvent),
        ("response.incomplete", ResponseIncompleteWebhookEvent),
        ("response.cancelled", ResponseCancelledWebhookEvent),
    ],
)
def test_event_of_a_response_has_its_class(kind: str, model: type[Any], strict: bool) -> None:
    found = unwrapped(event(kind, data={"id": "resp_1"}), strict=strict)
    assert type(found) is model
    assert (found.wire_type, found.id, found.created_at, found.data.id) == (kind, "evt_1", 5, "resp_1")


@pytest.mark.parametrize("strict", [False, True])
def test_any_other_event_is_unknown_and_keeps_its_data(strict: bool) -> None:
    found = unwrapped(event("batch.completed", data={"id": "batch_1", "n": 1}, extra=[1]), strict=strict)
    assert type(found) is UnknownWebhookEvent
    assert (found.wire_type, found.id, found.created_at) == ("batch.completed", "evt_1", 5)
    assert found.data == {"id": "batch_1", "n": 1}
    assert found.validation_error is None
    assert found.to_dict()["extra"] == [1]


def test_data_of_an_unknown_event_has_attributes_and_is_a_dict() -> None:
    data = {"id": "batch_1", "n": {"done": 1}, "items": [1]}
    body = event("batch.completed", data=data)
    found = unwrapped(body)

    for each in (found, pickle.loads(pickle.dumps(found)), deepcopy(found), found.model_copy(deep=True)):
        assert (each.data.id, each.data.n) == ("batch_1", {"done": 1})
        assert (each.data["id"], each.data["items"], each.data.get("x")) == ("batch_1", [1], None)
        assert each.to_dict() == json.loads(body)
    assert not hasattr(found.data, "x")
    with pytest.raises(AttributeError, match="has no 'x'; its keys are id, n, items"):
        print(found.data.x)


@pytest.mark.parametrize("data", [{}, {"data": None}, {"data": {}}, {"data": {"id": 3}}, {"data": [1]}])
def test_id_of_the_data_is_none_where_there_is_no_string(data: dict[str, Any]) -> None:
    body = event("batch.completed", **data)
    found = unwrapped(body)

    assert found.data.id is None
    assert found.to_dict() == json.loads(body)
    if not found.data:
        with pytest.raises(AttributeError, match="its keys are none"):
            print(found.data.x)


MALFORMED = [event("response.completed"), event("response.completed", data={"id": 3})]


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_event_is_unknown_and_has_the_validation_error(body: bytes) -> None:
    found = unwrapped(body)
    assert type(found) is UnknownWebhookEvent
    assert found.validation_error is not None
    assert found.to_dict() == json.loads(body)


@pytest.mark.parametrize("body", [*MALFORMED, event(None), event("batch.completed", data=3)])
def test_malformed_event_is_an_error_in_strict_mode(body: bytes) -> None:
    with pytest.raises(ResponseValidationError, match="Not a valid WebhookEvent") as caught:
        unwrapped(body, strict=True)
    assert caught.value.body == json.loads(body)


@pytest.mark.parametrize("body", [event(None, data={}), event("batch.completed", data=3)])
def test_event_without_type_or_with_odd_data_is_kept(body: bytes) -> None:
    found = unwrapped(body)
    assert type(found) is UnknownWebhookEvent
    assert found.to_dict() == json.loads(body)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The body of a webhook is not valid JSON: the body is empty"),
        (b"{", "The body of a webhook is not valid JSON"),
        ("nö", "The body of a webhook is not valid JSON"),
        (b"[" * 10_000, "The body of a webhook is not valid JSON"),
        (b"[1]", "The body of a webhook is not a JSON object"),
        (b"null", "The body of a webhook is not a JSON object"),
        (b'"text"', "The body of a webhook is not a JSON object"),
    ],
)
def test_signed_body_that_is_not_an_object_is_an_error(body: bytes | str, reason: str, strict: bool) -> None:
    with pytest.raises(ResponseValidationError, match=reason) as caught:
        unwrapped(body, strict=strict)
    assert "check the sender of these webhooks" in without_secrets(caught.value)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"type": 3}', event("response.completed", created_at="x")]
)
def test_every_error_about_a_signed_body_is_a_value_error_and_survives_pickling(body: bytes) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        unwrapped(body, strict=True)
    assert isinstance(caught.value, ValueError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.body) == (type(caught.value), str(caught.value), caught.value.body)


def test_errors_about_the_answers_of_servers_are_no_value_errors() -> None:
    assert not issubclass(ResponseValidationError, ValueError)


def test_refusal_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="The webhook was refused"):
        unwrap(BODY, {}, SECRET, now=NOW)


def test_unsigned_body_is_not_parsed() -> None:
    with pytest.raises(WebhookSignatureError):
        unwrap(b"{", headers(), SECRET, now=NOW)


# --- the resource


def sync_webhooks(**options: Any) -> Webhooks:
    return Client(api_key="k", **options).webhooks


def async_webhooks(**options: Any) -> AsyncWebhooks:
    return AsyncClient(api_key="k", **options).webhooks


both = pytest.mark.parametrize("make", [sync_webhooks, async_webhooks])


@both
def test_secret_is_that_of_the_client_or_of_the_call(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", "whsec_ZnJvbSB0aGUgZW52aXJvbm1lbnQ=")
    ours, theirs = (
        sign_webhook(BODY, secret=SECRET),
        sign_webhook(BODY, secret="whsec_ZnJvbSB0aGUgZW52aXJvbm1lbnQ="),
    )
    make().verify_signature(BODY, theirs)
    make(webhook_secret=SECRET).verify_signature(BODY, ours)
    make().verify_signature(BODY, ours, secret=SECRET)
    assert make().unwrap(BODY, ours, SECRET).data.id == "resp_1"
    assert make().unwrap(payload=BODY, headers=theirs).data.id == "resp_1"
    for webhooks, signed in ((make(), ours), (make(webhook_secret=SECRET), theirs)):
        with pytest.raises(WebhookSignatureError):
            webhooks.verify_signature(BODY, signed)
        with pytest.raises(WebhookSignatureError):
            webhooks.unwrap(BODY, signed)


@both
def test_client_may_have_several_secrets(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", f"{OTHER} {SECRET}")
    for webhooks in (make(), make(webhook_secret=[SECRET, OTHER]), make(webhook_secret=(OTHER, SECRET))):
        for secret in (SECRET, OTHER):
            webhooks.verify_signature(BODY, sign_webhook(BODY, secret=secret))
            assert webhooks.unwrap(BODY, sign_webhook(BODY, secret=secret)).data.id == "resp_1"
    for call in (make(webhook_secret=OTHER).verify_signature, make(webhook_secret=OTHER).unwrap):
        call(BODY, sign_webhook(BODY, secret=SECRET), secret=[OTHER, SECRET])


@both
def test_traceback_does_not_hold_the_secret_of_the_client(make: Any) -> None:
    webhooks = make(webhook_secret=SECRET)
    for call in (webhooks.verify_signature, webhooks.unwrap):
        with pytest.raises(WebhookSignatureError) as caught:
            call(BODY, sign_webhook(BODY))
        hidden_in(caught, RAW, repr(KEY))


@both
def test_empty_secret_is_not_replaced_by_that_of_the_client(make: Any) -> None:
    webhooks = make(webhook_secret=SECRET)
    for call in (webhooks.verify_signature, webhooks.unwrap):
        with pytest.raises(ConfigurationError, match="There is no webhook secret"):
            call(BODY, sign_webhook(BODY, secret=SECRET), secret="")


@both
def test_client_without_a_secret_says_how_to_set_one(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_WEBHOOK_SECRET", raising=False)
    for call in (make().verify_signature, make().unwrap):
        with pytest.raises(ConfigurationError, match="pass webhook_secret to the client, or pass secret"):
            call(BODY, sign_webhook(BODY))


@both
def test_tolerance_is_an_argument_of_the_call(make: Any) -> None:
    webhooks = make(webhook_secret=SECRET)
    old = sign_webhook(BODY, secret=SECRET, timestamp=1)
    webhooks.verify_signature(BODY, old, tolerance=1e11)
    assert webhooks.unwrap(BODY, old, tolerance=1e11).data.id == "resp_1"
    for call in (webhooks.verify_signature, webhooks.unwrap):
        with pytest.raises(WebhookSignatureError, match="it may be a replay"):
            call(BODY, old)


@both
def test_strict_client_refuses_malformed_events(make: Any) -> None:
    body = event("response.completed")
    signed = sign_webhook(body, secret=SECRET)
    assert make(webhook_secret=SECRET).unwrap(body, signed).data.id is None
    with pytest.raises(ResponseValidationError):
        make(webhook_secret=SECRET, strict=True).unwrap(body, signed)


# --- the embedded server


def test_webhook_of_the_server_is_accepted_by_its_clients() -> None:
    with Server() as server:
        response = server.client().responses.create(model="m", input="Hi")
        for argument in (response, response.to_dict(), response.id):
            webhook = server.webhook(argument)
            found = server.client().webhooks.unwrap(webhook.body, webhook.headers)
            assert type(found) is ResponseCompletedWebhookEvent
            assert found.data.id == response.id
            assert found.created_at == server.now
            server.async_client().webhooks.verify_signature(webhook.body, webhook.headers)


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete", "cancelled"])
def test_status_of_the_response_decides_the_event(status: str) -> None:
    webhook = Server().webhook({"id": "resp_1", "status": status})
    assert json.loads(webhook.body)["type"] == f"response.{status}"
    assert webhook.headers["content-type"] == "application/json"


def test_type_may_be_given() -> None:
    body = Server().webhook("batch_1", type="batch.completed").body
    assert json.loads(body) | {"id": ""} == {
        "object": "event",
        "id": "",
        "type": "batch.completed",
        "created_at": Server().now,
        "data": {"id": "batch_1"},
    }


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"id": "resp_1", "status": "in_progress"}, "from the status 'in_progress', only from completed, "),
        ({"id": "resp_1"}, "from the status None"),
        ("resp_unknown", "from the status None"),
        ({"status": "completed"}, "The response has no id"),
    ],
)
def test_response_without_a_webhook_event_is_an_error(response: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Server().webhook(response)


def test_webhooks_of_the_server_are_the_same_in_each_run_and_differ_from_each_other() -> None:
    def made() -> list[Any]:
        server = Server()
        return [server.webhook("resp_1", type="response.failed", timestamp=NOW) for _ in range(2)]

    first, second = made()
    assert [first, second] == made()
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    assert json.loads(first.body)["id"] != json.loads(second.body)["id"]


def test_server_can_sign_with_another_secret() -> None:
    server = Server()
    webhook = server.webhook("resp_1", type="response.failed", secret=SECRET)
    with pytest.raises(WebhookSignatureError):
        server.client().webhooks.unwrap(webhook.body, webhook.headers)
    server.webhook_secret = SECRET
    assert server.client().webhooks.unwrap(webhook.body, webhook.headers).type == "response.failed"
