"""Each example runs without a key, and a copy of it alone does the same with one."""

from __future__ import annotations

import base64
import runpy
import signal
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from example_programs import EXAMPLES, NEEDS, run, scripts, started, with_key
from waits import LONG, PATIENT, eventually

from responses_client import BadRequestError, NotFoundError
from responses_client.testing import Server

SCRIPTS = scripts()
RunCopy = Callable[..., str]
SAYS = {
    "chat": ["Before that you said: “My dog is called Ada.”"],
    "extraction": [
        "No. 2041 of 30 November 2026, from Fjord Lamps AS",
        "   2 x Lamp, brass             299.00",
        "total                          324.50  as the lines",
    ],
    "fallback": [
        "gpt-5.4: InternalServerError: ",
        "The model is overloaded",
        "gpt-5.4-mini: RateLimitError: ",
        "qwen3: answered",
        "A lighthouse keeper counts ships, and one night a ship counts him.",
    ],
    "fan_out": ["13 bad, 26 good", "This review was refused by a filter", "fan_out.jsonl"],
    "images_and_pdf": ["flag.png: 155 bytes", "ferry.pdf: 599 bytes", "a white cross"],
    "telemetry": [
        "  chat gpt-5.4 ",
        "  execute_tool get_weather ",
        "\ninvoke_agent ",
        "gen_ai.usage.input_tokens=66",
        "Clear nights in both cities.",
    ],
    "trim_history": [
        "tokens are too many: the oldest turn is forgotten",
        "model> By ferry from Kristiansund.",
    ],
    "weather_agent": [
        "get_weather('Bergen') -> Weather(sky='storm', degrees=7)",
        'May I call send_warning({"city":"Bergen",',
        "send_warning('Bergen') sends: Storm tonight",
        "Bergen: a storm, at 7 degrees. Lima: a clear night, at 22 degrees.",
        "3 turns, ",
    ],
}
TOLD = {"fan_out": "responses.map: 40 of 40 done in "}
"""What comes on standard error."""
TYPED = {"chat": "My dog is called Ada.\nWhat is she called?\n", "weather_agent": "y\n"}


@pytest.mark.parametrize("name", SAYS)
def test_example_runs_without_a_key(name: str, tmp_path: Path) -> None:
    pytest.importorskip(NEEDS.get(name, "responses_client"))
    done = run(EXAMPLES / f"{name}.py", folder=tmp_path, stdin=TYPED.get(name, ""))
    assert [text for text in SAYS[name] if text not in done.stdout] == [], done.stdout
    assert done.stderr.startswith("OPENAI_API_KEY is not set: an embedded server at http://127.0.0.1:")
    assert TOLD.get(name, "") in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_package_of_the_embedded_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SystemExit, match="need uvicorn: pip install"):
        runpy.run_path(str(EXAMPLES / "demo.py"))


# Not `telemetry`, which sets what is global: test_telemetry.py runs it, in a process of its own.
@pytest.mark.parametrize("name", sorted(SAYS.keys() - {"telemetry"}))
def test_copy_of_an_example_runs_with_a_key(name: str, run_copy: RunCopy) -> None:
    server = Server()
    SCRIPTS[name](server)
    printed = run_copy(name, server, stdin=TYPED.get(name, ""))
    assert [text for text in SAYS[name] if text not in printed] == [], printed
    assert server.requests[0].headers["authorization"] == "Bearer sk-test"


def test_chat_sends_its_whole_history(run_copy: RunCopy) -> None:
    server = Server()
    run_copy("chat", server, stdin=TYPED["chat"])
    first, second = (request.json for request in server.requests)
    assert first["input"] == [{"role": "user", "content": "My dog is called Ada."}]
    assert [item["role"] for item in second["input"]] == ["user", "assistant", "user"]
    assert second["store"] is False


def test_chat_forgets_an_answer_that_broke_off(run_copy: RunCopy) -> None:
    server = Server()
    server.disconnect_after(events=8).reply("It is a long story.")
    printed = run_copy("chat", server, stdin="Hi\nHi again\n")
    assert "Ask again; the history is as it was before." in printed
    assert server.requests[1].json["input"] == [{"role": "user", "content": "Hi again"}]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a single process")
def test_interrupt_stops_an_answer_of_the_chat(tmp_path: Path) -> None:
    server = Server()
    server.delay(per_event=0.05).reply("and another wave " * 20_000)
    with (
        server.serve() as url,
        started(EXAMPLES / "chat.py", folder=tmp_path, variables=with_key(url)) as chat,
    ):
        assert chat.stdin is not None
        assert chat.stdout is not None
        chat.stdin.write("Hi\n")
        chat.stdin.flush()
        while "wave" not in (shown := chat.stdout.read(20)):
            assert shown, "the chat has ended"
        chat.send_signal(signal.SIGINT)
        eventually(lambda: (server.open_streams, server.closed_streams) == (0, 1))
        shown, told = chat.communicate("Hi again\n", timeout=PATIENT)
    assert "[stopped]" in shown
    assert (chat.returncode, told) == (0, "")
    assert server.requests[1].json["input"] == [{"role": "user", "content": "Hi again"}]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a single process")
def test_interrupted_fan_out_goes_on_from_its_journal(tmp_path: Path, run_copy: RunCopy) -> None:
    server = Server()
    for _ in range(10):
        server.reply("good")
    for _ in range(30):
        server.delay(LONG).reply("good")
    with (
        server.serve() as url,
        started(EXAMPLES / "fan_out.py", folder=tmp_path, variables=with_key(url)) as program,
    ):
        journal = tmp_path / "fan_out.jsonl"
        eventually(lambda: journal.exists() and journal.read_text().count("\n") == 10)
        program.send_signal(signal.SIGINT)
        _, told = program.communicate(timeout=PATIENT)
    assert told.endswith("Interrupted. Start it again to continue.\n")
    rest = Server()
    for _ in range(30):
        rest.reply("bad")
    assert "30 bad, 10 good" in run_copy("fan_out", rest)
    assert len(rest.requests) == 30


def test_chat_says_that_an_answer_is_cut_short(run_copy: RunCopy) -> None:
    server = Server()
    server.reply_response({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    assert "[incomplete: IncompleteDetails(reason='max_output_tokens')]" in run_copy(
        "chat", server, stdin="Hi"
    )


@pytest.mark.parametrize("typed", ["n\n", "", "what?\n"])
def test_agent_sends_nothing_without_a_yes(typed: str, run_copy: RunCopy) -> None:
    server = Server()
    SCRIPTS["weather_agent"](server)
    assert "sends:" not in run_copy("weather_agent", server, stdin=typed)
    assert "The person said no." in str(server.requests[-1].json["input"])


def test_extraction_says_why_there_is_nothing(run_copy: RunCopy) -> None:
    server = Server()
    server.refuse("This is no invoice.")
    with pytest.raises(SystemExit, match=r"There is no invoice: .*This is no invoice"):
        run_copy("extraction", server)


def test_fan_out_repeats_only_what_failed(run_copy: RunCopy) -> None:
    server = Server()
    SCRIPTS["fan_out"](server)
    run_copy("fan_out", server, "results.jsonl")
    server.reply("good")
    assert "13 bad, 27 good" in run_copy("fan_out", server, "results.jsonl")
    assert len(server.requests) == 41


def test_fallback_raises_the_error_of_a_wrong_request_at_once(run_copy: RunCopy) -> None:
    server = Server()
    server.fail(400, message="The input is too long.")
    with pytest.raises(BadRequestError, match="The input is too long"):
        run_copy("fallback", server)
    assert len(server.requests) == 1


def test_fallback_goes_on_after_a_response_that_failed(run_copy: RunCopy) -> None:
    server = Server()
    server.reply_response({"status": "failed", "error": {"code": "server_error", "message": "Out of order."}})
    printed = run_copy("fallback", server)
    assert "Out of order." in printed
    assert "gpt-5.4-mini: answered" in printed


def test_fallback_raises_all_errors_where_nothing_answers(run_copy: RunCopy) -> None:
    server = Server()
    server.fail(404, times=3)
    with pytest.raises(ExceptionGroup, match="No route has answered") as caught:
        run_copy("fallback", server)
    assert [type(error) for error in caught.value.exceptions] == [NotFoundError] * 3


def test_files_of_a_user_are_sent_as_what_they_are(run_copy: RunCopy, tmp_path: Path) -> None:
    (tmp_path / "cat.gif").write_bytes(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;")
    (tmp_path / "notes.txt").write_text("Buy milk.")
    server = Server()
    run_copy("images_and_pdf", server, "cat.gif", "notes.txt")
    image, file, question = server.requests[0].json["input"][0]["content"]
    assert image["image_url"].startswith("data:image/gif;base64,")
    assert (file["filename"], file["file_data"][:23]) == ("notes.txt", "data:text/plain;base64,")
    assert question["type"] == "input_text"


def test_picture_and_page_of_the_example_are_valid(run_copy: RunCopy) -> None:
    server = Server()
    run_copy("images_and_pdf", server)
    image, file, _ = server.requests[0].json["input"][0]["content"]
    png, pdf = (base64.b64decode(data.partition(",")[2]) for data in (image["image_url"], file["file_data"]))
    pieces = png[8:]
    while pieces:
        size = int.from_bytes(pieces[:4], "big")
        assert int.from_bytes(pieces[8 + size : 12 + size], "big") == zlib.crc32(pieces[4 : 8 + size])
        pieces = pieces[12 + size :]
    starts = [int(line[:10]) for line in pdf.splitlines() if line.endswith(b"00000 n ")]
    assert [pdf[start:].startswith(b"%d 0 obj" % number) for number, start in enumerate(starts, 1)] == [
        True
    ] * 5
    assert pdf[int(pdf.splitlines()[-2]) :].startswith(b"xref\n0 6\n")


def test_trimmed_history_stays_within_its_budget(run_copy: RunCopy) -> None:
    server = Server()
    SCRIPTS["trim_history"](server)
    run_copy("trim_history", server)
    client = server.client()
    sent = [request.json for request in server.requests if request.path == "/v1/responses"]
    counts = [
        client.responses.input_tokens.count(
            model=body["model"], instructions=body["instructions"], input=body["input"]
        ).input_tokens
        for body in sent
    ]
    assert len(counts) == 6
    assert max(counts) <= 150
    assert {body["input"][0]["role"] for body in sent} == {"user"}
