"""The output of a response as input for the next request, without the items that the API would refuse; no I/O.

The API keeps the items of a response under their ids, and looks up the reasoning that belongs to an item by its id.
Without storage (`store=False`, or an organization with zero data retention) an item with an id is "not found". Leaving
the id out is enough, where the schema allows that. Reasoning then needs its thoughts in the item itself: encrypted, as
`include` asks for, or in the open, as servers of open-weight models send them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from .._base.messages import MAX_VALUE_CHARS, one_line
from ..models._base import Model, Unknown
from ..models.items import ReasoningItem
from .repeated_items import repeated_items
from .request import SEALED_REASONING
from .required_fields import complete

if TYPE_CHECKING:
    from ..models import InputItem, OutputItem, Response

__all__ = ["KEEPS_ID", "as_input", "without_id"]

_M = TypeVar("_M", bound=Model)
logger = logging.getLogger("responses_client")

KEEPS_ID = frozenset(
    {
        "code_interpreter_call",
        "computer_call",
        "file_search_call",
        "image_generation_call",
        "item_reference",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_approval_request",
        "mcp_call",
        "mcp_list_tools",
        "program",
        "program_output",
        "reasoning",
        "web_search_call",
    }
)
"""The types of items whose id is required in a request, by OpenAI's published schema.

Of a message it is required only in the form of an output.
"""


def as_input(response: Response, store: bool | None) -> list[InputItem]:
    """Return the output as input; see `Response.as_input`."""
    if store is None:
        store = response.store is not False
    repeated = repeated_items(response.output)  # while the items have their ids
    output = [item for place, item in enumerate(response.output) if place not in repeated]
    items: list[InputItem] = [*(output if store else _unstored(output))]
    items = [complete(item) for item in items]
    # The API refuses reasoning that is not followed by the item it led to, as after `max_output_tokens`.
    while items and items[-1].wire_type == "reasoning":
        items.pop()
    return items


def _unstored(output: Iterable[OutputItem]) -> Iterator[OutputItem]:
    for item in output:
        if isinstance(item, ReasoningItem) and not item.encrypted_content and not item.content:
            logger.warning(
                "Left out reasoning %s, which came without its thoughts and cannot be sent back; "
                "ask for them with include=[%r]",
                one_line(item.id or "", MAX_VALUE_CHARS),
                SEALED_REASONING,
            )
        elif item.type in KEEPS_ID or isinstance(item, Unknown):
            yield item
        else:
            yield without_id(item)


def without_id(item: _M) -> _M:
    """Return a copy of an item without its id."""
    copy = item.model_copy(update={"id": None})
    copy.model_fields_set.discard("id")
    return copy
