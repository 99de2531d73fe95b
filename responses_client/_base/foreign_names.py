"""Names from other APIs and packages, and the answer to each; loaded only for errors; pure.

They come from Chat Completions, the official package, Anthropic, Gemini, LangChain, LiteLLM, Ollama and vLLM. An answer
by name comes before a suggestion by similarity: the argument most similar to `messages` is `image`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Container
from functools import cache

__all__ = ["argument_hint", "attribute_hint", "export_hint", "missing_name", "value_hint"]

_PLACEHOLDER = "<name>"  # for the name that was given
_AZURE = "https://NAME.openai.azure.com/openai/v1"
_OTHER_SERVERS = "a server that has it takes extra_body={'<name>': ...}"

# Each row: the names, the argument that a function must have for the answer to apply, or the function itself, and the
# answer. The first table is of arguments that mean something else in few methods than in most.
_ARGUMENTS_OF_METHODS = (
    ("body json_data json_body", "json", "pass it as json"),
    ("params query_params default_query", "json", "pass it as query"),
    (
        "data content_type",
        "json",
        "pass the body as content, and its media type as extra_headers={'Content-Type': ...}",
    ),
    (
        "files",
        "json",
        "pass a form that httpx has written as content; see 'Uploads' in docs/other-endpoints.md",
    ),
    ("options", "json", "pass its fields, such as timeout, as arguments of their own"),
    ("stream stream_cls", "json", "answers are read as a whole; see 'Streams' in docs/other-endpoints.md"),
    ("response_format response_model output_type output_format", "text_format", "pass it as text_format"),
    (
        "response_id starting_after",
        "responses.stream",
        "responses.retrieve(response_id, stream=True, starting_after=...) reads the stream of an earlier response",
    ),
    ("messages input history contents", "items", "pass it as items"),
    ("interval polling_interval poll_interval_ms", "poll_interval", "pass it as poll_interval, in seconds"),
    ("concurrency max_workers workers", "max_concurrency", "pass it as max_concurrency"),
    ("max_step max_steps max_iterations recursion_limit", "max_turns", "pass it as max_turns"),
)

_ARGUMENTS_OF_REQUESTS = (
    ("messages contents inputs user_prompt", "input", "pass it as input"),
    (
        "history chat_history conversation_history message_history",
        "input",
        "pass the messages as input, or continue with previous_response_id or conversation",
    ),
    (
        "system system_prompt system_message system_instruction developer_message",
        "instructions",
        "pass it as instructions",
    ),
    ("functions", "tools", "pass tools=[{'type': 'function', 'name': ..., 'parameters': ...}]"),
    ("function_call tool_config", "tool_choice", "pass it as tool_choice"),
    (
        "max_tokens max_completion_tokens max_new_tokens max_tokens_to_sample max_length num_predict",
        "max_output_tokens",
        "pass it as max_output_tokens",
    ),
    (
        "response_format text_format response_model response_schema json_schema output_type output_schema "
        "output_format",
        "text",
        "pass a type to responses.parse(text_format=...), or a JSON schema as "
        "text={'format': {'type': 'json_schema', 'name': ..., 'schema': ...}}",
    ),
    ("json_mode response_mime_type", "text", "pass text={'format': {'type': 'json_object'}}"),
    ("verbosity", "text", "pass text={'verbosity': ...}"),
    ("reasoning_effort effort", "reasoning", "pass reasoning={'effort': ...}"),
    ("reasoning_summary", "reasoning", "pass reasoning={'summary': ...}"),
    (
        "thinking thinking_config thinking_budget enable_thinking budget_tokens",
        "reasoning",
        f"pass reasoning={{'effort': ...}}; {_OTHER_SERVERS}",
    ),
    (
        "stop stop_sequences stop_words",
        "input",
        f"the Responses API has no stop sequences; cut the text, or leave a stream early; {_OTHER_SERVERS}",
    ),
    (
        "n candidate_count best_of num_return_sequences",
        "input",
        "one request has one response; send several with responses.map",
    ),
    (
        "logprobs",
        "include",
        "pass include=['message.output_text.logprobs'], and top_logprobs for alternatives",
    ),
    (
        "seed random_seed top_k min_p top_a typical_p frequency_penalty presence_penalty repetition_penalty "
        "repeat_penalty length_penalty logit_bias prediction ignore_eos num_ctx guided_json guided_regex "
        "guided_choice guided_grammar structured_outputs chat_template_kwargs keep_alive safety_settings "
        "safe_prompt provider transforms route plugins search_parameters",
        "input",
        f"the Responses API does not have it; {_OTHER_SERVERS}",
    ),
    (
        "tool_resources vector_store_ids",
        "tools",
        "it is a part of the tool: tools=[{'type': 'file_search', 'vector_store_ids': [...]}]",
    ),
    ("web_search web_search_options", "tools", "pass tools=[{'type': 'web_search'}]"),
    ("mcp_servers", "tools", "pass tools=[{'type': 'mcp', 'server_label': ..., 'server_url': ...}]"),
    (
        "images image_url image_urls",
        "input",
        "images are parts of the input: models.InputImage.from_path(...), or "
        "{'type': 'input_image', 'image_url': ...}",
    ),
    (
        "files file_ids attachments documents",
        "input",
        "files are parts of the input: models.InputFile.from_path(...), or {'type': 'input_file', 'file_id': ...}",
    ),
    ("modalities audio", "input", "the Responses API answers with text"),
    ("conversation_id thread thread_id session_id", "conversation", "pass it as conversation"),
    ("response_id", "previous_response_id", "pass it as previous_response_id"),
    (
        "prompt_id assistant_id",
        "prompt",
        "pass the id of a stored prompt template as prompt={'id': ...}",
    ),
    (
        "model_name model_id engine deployment deployment_id deployment_name azure_deployment",
        "model",
        "pass it as model",
    ),
    (
        "cache_control cached_content",
        "prompt_cache_key",
        "prompts are cached without it; prompt_cache_key names the cache",
    ),
    (
        "model_kwargs generation_config additional_kwargs optional_params config",
        "input",
        "pass its fields as arguments of their own, and those that the Responses API does not have in extra_body",
    ),
    (
        "max_turns max_concurrency tool_timeout on_tool_error on_turn replay resume approve "
        "deny reset_tool_choice",
        "background",
        "it is an argument of responses.run",
    ),
    ("max_step max_steps max_iterations recursion_limit", "background", "it is max_turns of responses.run"),
    ("headers http_headers default_headers", "extra_headers", "pass it as extra_headers"),
    ("query query_params default_query", "extra_query", "pass it as extra_query"),
    ("body extra_args", "extra_body", "pass it as extra_body"),
    ("betas", "extra_headers", "pass extra_headers={'OpenAI-Beta': ...}"),
    ("request_timeout timeout_ms timeout_seconds", "timeout", "pass it as timeout, in seconds"),
    ("num_retries retries max_attempts", "max_retries", "pass it as max_retries"),
    (
        "api_key auth base_url organization project webhook_secret websocket_base_url connect_timeout strict validate_requests "
        "idle_timeout max_event_bytes max_response_bytes max_redirects on_request on_response on_event telemetry",
        "extra_headers",
        "it is an option of the client; pass it to Client(...) or client.with_options(...)",
    ),
    ("http_client", "extra_headers", "pass it to Client(...)"),
    (
        "callbacks",
        "extra_headers",
        "pass hooks to Client(...) as on_request, on_response and on_event",
    ),
    (
        "api_base endpoint azure_endpoint api_version",
        "extra_headers",
        "the address belongs to the client; pass base_url to Client(...)",
    ),
)

_HTTP_CLIENT = "pass http_client=httpx.Client(<name>=...), or an httpx.AsyncClient to AsyncClient"
_CLIENT = "base_url"  # the option that tells clients from requests

_OPTIONS_OF_CLIENTS = (
    ("azure_endpoint", _CLIENT, f"pass base_url='{_AZURE}'"),
    (
        "api_version openai_api_version",
        _CLIENT,
        f"base_url='{_AZURE}' needs none; for an older address, pass default_query={{'api-version': ...}}",
    ),
    (
        "azure_deployment deployment deployment_id engine model_name default_model",
        _CLIENT,
        "pass it to each request as model",
    ),
    ("azure_ad_token", _CLIENT, "pass it as api_key, with auth='bearer'"),
    (
        "azure_ad_token_provider token_provider workload_identity",
        _CLIENT,
        "pass a function that returns tokens as api_key",
    ),
    (
        "credential credentials",
        _CLIENT,
        "pass api_key=azure.identity.get_bearer_token_provider(credential, scope)",
    ),
    ("proxies http_proxy https_proxy", _CLIENT, _HTTP_CLIENT.replace(_PLACEHOLDER, "proxy")),
    ("verify_ssl ssl_verify ssl_context ca_bundle", _CLIENT, _HTTP_CLIENT.replace(_PLACEHOLDER, "verify")),
    (
        "proxy verify cert transport mounts limits http1 http2 trust_env cookies event_hooks follow_redirects",
        _CLIENT,
        _HTTP_CLIENT,
    ),
    (
        "http_client http_async_client",
        _CLIENT,
        "a copy uses the connections of its client; make a new Client(http_client=...)",
    ),
    ("api_base openai_api_base endpoint host url server_url api_url", _CLIENT, "pass it as base_url"),
    ("key apikey openai_api_key admin_api_key token access_token", _CLIENT, "pass it as api_key"),
    ("org org_id organization_id openai_organization", _CLIENT, "pass it as organization"),
    ("project_id openai_project", _CLIENT, "pass it as project"),
    ("headers extra_headers", _CLIENT, "pass it as default_headers"),
    ("query params extra_query", _CLIENT, "pass it as default_query"),
    ("request_timeout timeout_ms timeout_seconds", _CLIENT, "pass it as timeout, in seconds"),
    ("num_retries retries max_attempts", _CLIENT, "pass it as max_retries"),
    ("strict_response_validation", _CLIENT, "pass it as strict"),
    ("callbacks", _CLIENT, "pass hooks as on_request, on_response and on_event"),
    ("debug verbose log_level logger", _CLIENT, "set the level of the logger 'responses_client'"),
    (
        "model input instructions tools temperature top_p reasoning text store stream metadata user "
        "max_output_tokens max_tokens extra_body idempotency_key",
        _CLIENT,
        "pass it to each request",
    ),
)

_STRINGS_FOR_OBJECTS = {
    "prompt": "pass the text as input; prompt is a stored template, such as {'id': 'pmpt_...'}",
    "reasoning": "write reasoning={'effort': ...}",
    "text": "write text={'verbosity': ...}",
}

_REST_OF_API = "client.request(method, path, json=...) reaches the rest of the API"
_META = "results and streams have .meta, with the headers, the status and the request id"

_ATTRIBUTES = {
    "client": (
        ("copy", "use client.with_options(...)"),
        ("with_raw_response with_streaming_response", _META),
        (
            "chat completions messages",
            f"use client.responses.create; {_REST_OF_API}",
        ),
        (
            "audio embeddings evals fine_tuning images models moderations realtime skills uploads videos",
            _REST_OF_API,
        ),
        ("beta", "pass extra_headers={'OpenAI-Beta': ...} and extra_body to client.responses.create"),
        ("get post put patch delete get_api_list", "use client.request(method, path, json=...)"),
        (
            "api_key auth_headers custom_query default_headers default_query max_retries organization project timeout "
            "user_agent webhook_secret websocket_base_url",
            "clients do not show their options; client.with_options(<name>=...) changes one",
        ),
        ("aclose", "use client.close()"),
    ),
    "resource": (("with_raw_response with_streaming_response", _META),),
    "stream": (
        ("response http_response", "use stream.meta, with the headers, the status and the request id"),
        ("current_response_snapshot", "use stream.snapshot"),
    ),
    "text": (("parsed", "use response.output_parsed, of responses.parse and stream"),),
    "page": (("next_page_info", "use next_cursor() and has_next_page()"),),
    "response": (
        ("_request_id", "use .request_id, or .meta for the headers and the status"),
        ("choices", "use .output_text, or .output for all items"),
        ("output_parsed", "create the response by responses.parse, or use response.parse(City)"),
    ),
    "error": (
        (
            "response request",
            "errors hold no objects of httpx; use .meta, and .status_code, .headers and .body of an APIStatusError",
        ),
    ),
}

_PASS_TO_CLIENT = "the module has no client of its own; pass it to Client(...)"

_EXPORTS = (
    ("OpenAI", "use Client"),
    ("AsyncOpenAI", "use AsyncClient"),
    ("AzureOpenAI", f"use Client(base_url='{_AZURE}'), and the deployment as model"),
    ("AsyncAzureOpenAI", f"use AsyncClient(base_url='{_AZURE}'), and the deployment as model"),
    ("OpenAIError", "use ResponsesClientError"),
    ("APIResponseValidationError", "use ResponseValidationError"),
    ("InvalidWebhookSignatureError", "use WebhookSignatureError"),
    (
        "LengthFinishReasonError ContentFilterFinishReasonError",
        "use ParseError, which output_parsed_or_raise() raises",
    ),
    ("Timeout", "use httpx.Timeout"),
    ("NOT_GIVEN NotGiven not_given omit Omit", "leave the argument out; None is sent as null"),
    ("DefaultHttpxClient", "use httpx.Client"),
    ("DefaultAsyncHttpxClient", "use httpx.AsyncClient"),
    ("DefaultHttpx2Client", "use httpx2.Client"),
    ("DefaultAsyncHttpx2Client", "use httpx2.AsyncClient"),
    ("DefaultAioHttpClient", "use the extra aiohttp"),
    ("pydantic_function_tool", "pass the class itself in tools of responses.parse"),
    ("Stream", "use EventStream"),
    ("AsyncStream", "use AsyncEventStream"),
    ("SyncCursorPage SyncPage", "use Page"),
    ("AsyncCursorPage", "use AsyncPage"),
    ("APIResponse AsyncAPIResponse", _META),
    ("BaseModel", "use models.Model"),
    ("types", "use models"),
    ("VERSION", "use __version__"),
    ("file_from_path", "use models.InputFile.from_path"),
    ("responses conversations webhooks files batches vector_stores", "use client.<name> of a Client"),
    (
        "chat completions embeddings images audio moderations beta",
        f"make a Client, whose {_REST_OF_API.removeprefix('client.')}",
    ),
    (
        "api_key api_base api_type api_version azure_endpoint base_url default_headers max_retries organization project "
        "timeout webhook_secret",
        _PASS_TO_CLIENT,
    ),
)


def argument_hint(name: str, known: Container[str], function: str = "") -> str | None:
    """Return the answer to a keyword that a function does not take; None if it is not known here.

    Args:
        name: The keyword; `maxTokens` counts as `max_tokens`.
        known: The keywords that the function takes.
        function: The name of the function, such as `responses.stream`.
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip("_")
    tables = [_OPTIONS_OF_CLIENTS] if _CLIENT in known else [_ARGUMENTS_OF_METHODS, _ARGUMENTS_OF_REQUESTS]
    if name in known and _CLIENT not in known:
        return None
    for rows in tables:
        needs, hint = _by_name(rows).get(plain, ("", ""))
        if hint and (needs in known or needs == function):
            return hint.replace(_PLACEHOLDER, plain)
    return None


def value_hint(path: str) -> str | None:
    """Return the advice for a string where an object must be; None if there is none."""
    return _STRINGS_FOR_OBJECTS.get(path)


def attribute_hint(kind: str, name: str) -> str | None:
    """Return the answer to an attribute that objects of a kind do not have; None if it is not known here.

    Args:
        kind: "client", "resource", "stream", "page", "response", "text" or "error".
        name: The attribute.
    """
    return _find(_ATTRIBUTES[kind], name)


def export_hint(name: str) -> str | None:
    """Return the answer to a name that the package does not export; None if it is not known here."""
    return _find(_EXPORTS, name)


def missing_name(module: str, name: str, hint: str | None) -> Exception:
    """Return the error of a module's `__getattr__`, which calls this itself, for a name that it does not have."""
    if hint is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    # `from module import name` asks by `hasattr` first, and replaces an AttributeError by a message of its own.
    frames = [frame.function for frame in inspect.stack(0)[2:3]]
    if frames == ["_handle_fromlist"]:
        return ImportError(f"cannot import name {name!r} from {module!r}; {hint}", name=module)
    return AttributeError(f"module {module!r} has no attribute {name!r}; {hint}")


@cache
def _by_name(rows: tuple[tuple[str, str, str], ...]) -> dict[str, tuple[str, str]]:
    return {name: (needs, hint) for names, needs, hint in rows for name in names.split()}


def _find(rows: tuple[tuple[str, str], ...], name: str) -> str | None:
    found = next((hint for names, hint in rows if name in names.split()), None)
    return found and found.replace(_PLACEHOLDER, name)
