"""Expectations of requests: values that match, messages about those that do not, and requests never sent."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from unittest.mock import ANY

import pytest
from asgi_sockets import connected, dialled
from callers import RULE_MODES, Caller
from server_calls import create, created, http, text_of

from responses_client import BadRequestError, Client
from responses_client.models import FunctionTool
from responses_client.testing import Server

TOOL: dict[str, Any] = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": '{"city":"Paris"}',
}


def output(call_id: str, text: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


# --- values that match


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": "m"},
        {"model": ANY, "input": ANY},
        {"model": re.compile("^m$"), "input": re.compile("Hi")},
        {"model": "m", "input": "Hi", "temperature": 0.5, "stream": False},
        {"temperature": pytest.approx(0.5)},
        {"text": {"format": {"type": "json_object"}}},
        {"text.format.type": "json_object"},
        {"tools": [{"name": "get_weather"}]},
        {"tools": ({"name": re.compile("^get")},)},
        {"tools": [FunctionTool(**TOOL)]},
        {"tools[0].name": "get_weather", "tools[-1].parameters": {"type": "object"}},
        {"metadata": {"a.b": "c"}},
        {"metadata": {"user": "me"}, "user": "u"},
        {"instructions": None, "previous_response_id": None},
        {"tools[0]": {"strict": None}},
        {"tools[7]": None, "model[0]": None, "tools.name": None},
    ],
)
def test_request_has_what_is_expected(fields: dict[str, Any]) -> None:
    with Server() as server:
        server.expect(fields).reply("Yes")
        body = {
            "temperature": 0.5,
            "stream": False,
            "text": {"format": {"type": "json_object"}},
            "tools": [TOOL],
            "metadata": {"a.b": "c", "user": "me"},
            "user": "u",
        }
        assert text_of(created(server, **body)) == "Yes"
    server.requests[0].assert_sent(fields)


def test_field_may_have_dots_in_its_name() -> None:
    server = Server(validate=False).expect({"a.b": 1}).reply("Yes")
    assert text_of(created(server, **{"a.b": 1})) == "Yes"


@pytest.mark.parametrize(
    ("fields", "path", "expected", "came"),
    [
        ({"model": "x"}, "model", "'x'", "'m'"),
        ({"instructions": ANY}, "instructions", "<ANY>", "nothing"),
        ({"model": re.compile("^x")}, "model", "re.compile('^x')", "'m'"),
        ({"temperature": re.compile("1")}, "temperature", "re.compile('1')", "1"),
        ({"temperature": True}, "temperature", "True", "1"),
        ({"stream": 0}, "stream", "0", "False"),
        ({"model": None}, "model", "None", "'m'"),
        ({"model": {"name": "m"}}, "model", "{'name': 'm'}", "'m'"),
        ({"tools": [{"name": "x"}]}, "tools[0].name", "'x'", "'get_weather'"),
        ({"tools[0].strict": True}, "tools[0].strict", "True", "nothing"),
        ({"tools": []}, "tools", "0 elements", f"1 element: {[TOOL]}"),
        ({"tools": [ANY, ANY]}, "tools", "2 elements", f"1 element: {[TOOL]}"),
        ({"tools": "none"}, "tools", "'none'", f"{[TOOL]}"),
    ],
)
def test_mismatch_tells_path_and_both_values(
    fields: dict[str, Any], path: str, expected: str, came: str
) -> None:
    server = Server()
    create(server, temperature=1, stream=False, tools=[TOOL])
    with pytest.raises(AssertionError) as caught:
        server.requests[0].assert_sent(fields)
    assert str(caught.value) == (
        "The request POST /v1/responses is not as expected:\n"
        f"  {path}\n    expected: {expected}\n    got:      {came}"
    )


def test_all_differences_are_told_at_once() -> None:
    server = Server()
    create(server, input=[user("Hi")], tools=[TOOL, TOOL])
    with pytest.raises(AssertionError) as caught:
        server.requests[0].assert_sent(
            model="x", tools=[{"name": "a"}, {"name": "b"}], user="Bye", tool_outputs={"f": "1"}
        )
    assert re.findall(r"^  (\S.*)$", str(caught.value), re.MULTILINE) == [
        "model",
        "tools[0].name",
        "tools[1].name",
        "user",
        "tool_outputs['f']",
    ]


def test_long_texts_are_shown_where_they_differ() -> None:
    server = Server()
    create(server, input="a" * 5000 + "b" + "c" * 5000)
    with pytest.raises(AssertionError) as caught:
        server.requests[0].assert_sent(input="a" * 5000 + "x" + "c" * 5000)
    expected, came = str(caught.value).splitlines()[2:]
    assert "a" * 30 + "x" + "c" * 100 in expected
    assert "a" * 30 + "b" + "c" * 100 in came
    assert "'..." not in came
    assert max(len(expected), len(came)) < 250


def test_long_text_that_goes_on_is_shown_where_it_does() -> None:
    server = Server()
    create(server, input="a" * 5000)
    with pytest.raises(AssertionError, match=r"got:      \.\.\.'a{30}'$"):
        server.requests[0].assert_sent(input="a" * 5000 + "x")


def test_request_without_json_has_nothing() -> None:
    with Server() as server, http(server) as client:
        server.fail(503)
        client.get("/responses/resp_1")
    server.requests[0].assert_sent()
    with pytest.raises(AssertionError, match=r"The request GET /v1/responses/resp_1 is not"):
        server.requests[0].assert_sent(model=ANY)
    with pytest.raises(AssertionError, match=r"user\n    expected: <ANY>\n    got:      nothing"):
        server.requests[0].assert_sent(user=ANY)


# --- the question and the tool outputs


def test_user_is_the_last_message_of_the_user() -> None:
    with Server() as server:
        server.expect(user="Hi").reply("1").expect(user=re.compile("then")).reply("2").expect(user="a\nb")
        create(server, input="Hi")
        create(server, input=[user("Hi"), {"role": "assistant", "content": "Yes?"}, user("And then?")])
        parts = [{"type": "input_text", "text": text} for text in ("a", "b")]
        assert created(server, input=[user(parts)])


def test_user_may_have_spoken_in_a_response_before() -> None:
    with Server() as server:
        server.call_tool("get_weather", call_id="call_1")
        server.expect(user="Weather?", tool_outputs={"get_weather": "Sunny"}).reply("It is sunny.")
        first = created(server, input="Weather?", tools=[TOOL])
        created(server, input=[output("call_1", "Sunny")], previous_response_id=first["id"])
    server.requests[1].assert_sent(user="Weather?", tool_outputs={"call_1": "Sunny"})


@pytest.mark.parametrize(
    "outputs",
    [
        {"get_weather": "Sunny", "call_2": '{"degrees":20,"unit":"C"}'},
        {"get_weather": re.compile("20")},
        {"call_2": {"degrees": 20}},
        {"call_2": ANY},
        {"call_1": ANY, "call_2": ANY, "call_3": [1, {"a": ANY}]},
        {},
    ],
)
def test_tool_outputs_are_found_by_name_or_call(outputs: dict[str, Any]) -> None:
    calls = [{**CALL, "call_id": f"call_{n}"} for n in (1, 2)]
    answers = [output("call_1", "Sunny"), output("call_2", '{"degrees":20,"unit":"C"}')]
    last = [{**CALL, "call_id": "call_3", "name": "list"}, output("call_3", '[1,{"a":2}]')]
    with Server() as server:
        server.expect(tool_outputs=outputs).reply("Yes")
        assert text_of(created(server, input=[user("Hi"), *calls, *answers, *last])) == "Yes"


@pytest.mark.parametrize(
    ("outputs", "path", "expected", "came"),
    [
        ({"get_weather": "Rain"}, "tool_outputs['get_weather']", "'Rain'", "'Sunny'"),
        ({"call_1": {"sun": 1}}, "tool_outputs['call_1']", "{'sun': 1}", "'Sunny'"),
        ({"twice": {"n": 3}}, "tool_outputs['twice']", "{'n': 3}", "'{\"n\":1}' and '{\"n\":2}'"),
        ({"call_2": {"n": 3}}, "tool_outputs['call_2'].n", "3", "1"),
        (
            {"other": "x"},
            "tool_outputs['other']",
            "'x'",
            "nothing, but outputs of get_weather (call_1), twice (call_2), twice (call_3)",
        ),
    ],
)
def test_tool_output_that_differs_is_told(
    outputs: dict[str, Any], path: str, expected: str, came: str
) -> None:
    server = Server()
    calls = [CALL, *({**CALL, "call_id": f"call_{n}", "name": "twice"} for n in (2, 3))]
    answers = [output("call_1", "Sunny"), output("call_2", '{"n":1}'), output("call_3", '{"n":2}')]
    create(server, input=[user("Hi"), *calls, *answers])
    with pytest.raises(AssertionError) as caught:
        server.requests[0].assert_sent(tool_outputs=outputs)
    assert str(caught.value).endswith(f"  {path}\n    expected: {expected}\n    got:      {came}")


def test_outputs_before_the_last_message_are_not_those_of_the_turn() -> None:
    server = Server()
    create(server, input=[user("Hi"), CALL, output("call_1", "Sunny"), user("Thanks")])
    with pytest.raises(AssertionError, match=r"got:      nothing$"):
        server.requests[0].assert_sent(tool_outputs={"get_weather": ANY})


# --- the errors, and where they are raised


@pytest.mark.parametrize("mode", RULE_MODES)
@pytest.mark.parametrize("options", [{}, {"deadline": 30}, {"stream": True}])
def test_mismatch_rises_through_the_call(mode: str, options: dict[str, Any]) -> None:
    server = Server().expect(model="gpt-5.4").reply("Hello")
    caller = Caller(mode, server.client, server.async_client)
    with pytest.raises(AssertionError, match=r"model\n    expected: 'gpt-5.4'\n    got:      'm'"):
        caller(lambda client: client.responses.create(model="m", input="Hi", **options))
    assert len(server.requests) == 1
    assert text_of(created(server, input="Hello")) == "Hello! How can I help you today?"


def test_mismatch_that_is_swallowed_is_raised_in_the_end() -> None:
    server = Server().expect(model="x").reply("Hello")
    with pytest.raises(AssertionError, match="got:      'm'"), server, suppress(Exception):
        create(server)


def test_request_that_never_came_is_told_in_the_end() -> None:
    server = Server().expect(user="Hi").expect(model="m").reply("one").reply("two")
    server.expect({"tools[0].name": re.compile("x")}, tool_outputs={"f": "1"}).fail().expect()
    with pytest.raises(AssertionError) as caught, server:
        pass
    assert str(caught.value) == (
        "An expected request was never sent: user='Hi' and model='m'\n"
        "An expected request was never sent: tools[0].name=re.compile('x'), tool_outputs={'f': '1'}\n"
        "An expected request was never sent: any request"
    )


def test_end_by_another_error_asks_for_nothing() -> None:
    with pytest.raises(ZeroDivisionError), Server().expect(user="Hi"):
        raise ZeroDivisionError


def test_answers_without_expectations_may_be_left() -> None:
    with Server() as server:
        server.expect(user="Hi").reply("one").reply("two").fail()
        assert text_of(created(server)) == "one"


def test_all_that_is_expected_before_an_answer_is_for_its_request() -> None:
    server = Server().expect(model="m").expect(user="Bye").reply("Hello")
    with pytest.raises(AssertionError, match=r"user\n    expected: 'Bye'"):
        create(server)


def test_request_that_nothing_is_scripted_for_can_be_expected() -> None:
    server = Server().expect(user="Bye")
    with pytest.raises(AssertionError, match=r"user\n    expected: 'Bye'"):
        create(server)
    assert created(server)


def test_failures_and_unscripted_answers_can_be_for_an_expected_request() -> None:
    with Server() as server:
        server.expect(user="a").fail(503, times=2).expect(user="b").unscripted().expect(user="c").reply("C")
        assert [create(server, input=text).status_code for text in "axb"] == [503, 503, 200]
        assert text_of(created(server, input="c")) == "C"


def test_refused_request_is_not_the_expected_one() -> None:
    with Server() as server:
        server.expect(model="m").reply("Hello")
        assert create(server, temperature=9).status_code == 400
        assert text_of(created(server)) == "Hello"


def test_expectation_is_verified_on_demand_and_told_once() -> None:
    server = Server().expect(model="x").reply("Hello")
    with pytest.raises(AssertionError, match="was never sent: model='x'"):
        server.verify()
    with pytest.raises(AssertionError):
        create(server)
    with pytest.raises(AssertionError, match="got:      'm'"):
        server.verify()
    server.verify()


@pytest.mark.parametrize("path", ["", ".", "a[b", "a[x]", "[", "a]"])
def test_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"is not a path to a field, such as"):
        Server().expect({path: 1})


def test_outputs_have_to_be_named() -> None:
    with pytest.raises(
        ValueError, match=r"tool_outputs must map tool names or call ids to outputs, got \['Sunny'\]"
    ):
        Server().expect(tool_outputs=["Sunny"])


# --- on a port and on WebSockets


def refused(url: str) -> BadRequestError:
    client = Client(api_key="any", base_url=url)
    with client, pytest.raises(BadRequestError, match="expected: 'x'") as caught:
        client.responses.create(model="m", input="Hi")
    return caught.value


def test_mismatch_on_a_port_is_an_error_for_the_client_and_one_of_the_test() -> None:
    server = Server().expect(model="x").reply("Hello")
    errors: list[BadRequestError] = []
    with (
        pytest.raises(AssertionError, match=r"model\n    expected: 'x'\n    got:      'm'"),
        server.serve() as url,
    ):
        errors.append(refused(url))
    assert errors[0].code == "unexpected_request"
    assert len(server.requests) == 1
    with server:  # where it was told already
        pass


async def test_mismatch_on_a_websocket_is_an_event() -> None:
    server = Server().expect(model="x").reply("Hello").expect(user="Bye").fail(503)
    async with connected(server) as client:
        for _ in range(2):
            await client.send(type="response.create", model="m", input="Hi")
            event = await client.event()
            assert (event["status"], event["error"]["code"]) == (400, "unexpected_request")
            assert "The request on a WebSocket is not as expected" in event["error"]["message"]
    with pytest.raises(AssertionError, match=r"(?s)expected: 'x'.*expected: 'Bye'"):
        server.verify()
    server.requests[1].assert_sent(type="response.create", user="Hi")


async def test_websocket_handshake_can_be_expected_too() -> None:
    server = Server().expect(model="x").fail(503)
    async with dialled(server.app(), extensions={"websocket.http.response": {}}) as client:
        assert (await client.message())["status"] == 400


async def test_conversation_on_a_websocket_is_known() -> None:
    with Server() as server:
        server.call_tool("get_weather", call_id="call_1")
        server.expect(user="Weather?", tool_outputs={"get_weather": "Sunny"}).reply("It is sunny.")
        async with connected(server) as client:
            await client.send(type="response.create", model="m", input="Weather?", tools=[TOOL], store=False)
            first = (await client.until("response.completed"))[-1]["response"]["id"]
            await client.send(
                type="response.create",
                model="m",
                input=[output("call_1", "Sunny")],
                previous_response_id=first,
            )
            assert text_of((await client.until("response.completed", "error"))[-1]["response"])
    server.requests[-1].assert_sent(user="Weather?")
