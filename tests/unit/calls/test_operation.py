"""Endpoints as values: their models are imported when a call needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from responses_client import models
from responses_client._calls.endpoints import (
    CONVERSATIONS_ITEMS_RETRIEVE,
    RESPONSES_CREATE,
    RESPONSES_DELETE,
    RESPONSES_INPUT_ITEMS_LIST,
)
from responses_client._calls.operation import Operation, PagedOperation
from responses_client.models._base import OpenUnion
from responses_client.models.requests import ResponseCreateRequest


def test_models_of_an_endpoint_are_found_by_name() -> None:
    assert RESPONSES_CREATE.request_model() is ResponseCreateRequest
    assert RESPONSES_CREATE.result_model() is models.Response


def test_endpoint_without_arguments_has_no_request_model() -> None:
    assert RESPONSES_DELETE.request_model() is None


def test_result_may_be_a_union() -> None:
    assert issubclass(CONVERSATIONS_ITEMS_RETRIEVE.result_model(), OpenUnion)


def test_endpoint_that_lists_is_of_a_class_of_its_own() -> None:
    assert isinstance(RESPONSES_INPUT_ITEMS_LIST, PagedOperation)
    assert not isinstance(RESPONSES_CREATE, PagedOperation)


def test_model_that_does_not_exist_is_an_error_when_it_is_needed() -> None:
    operation = Operation[models.Response]("a.b", "GET", "/a", "response.Nothing")

    with pytest.raises(AttributeError, match="Nothing"):
        operation.result_model()


def test_endpoints_import_no_models() -> None:
    script = (
        "import sys, responses_client._calls.endpoints;"
        "assert 'responses_client.models.response' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_endpoint_has_the_name_of_the_function_that_calls_it_for_messages() -> None:
    parse = RESPONSES_CREATE.called("responses.parse", "text_format")
    assert (RESPONSES_CREATE.label, parse.label, parse.name) == (
        "responses.create",
        "responses.parse",
        "responses.create",
    )
    assert parse.own_arguments == ("text_format",)
