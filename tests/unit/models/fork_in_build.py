"""A process that forks while another thread builds a class; the child then builds another.

It exits with the status of the child: 0, or that of its alarm.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from responses_client.models import FunctionCall, Model

building = threading.Event()
forking = threading.Event()


class Slow:
    """A type that builds its schema only when the process is about to fork."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Any) -> Any:
        building.set()
        forking.wait()
        return handler(str)


class Built(Model):
    """A class that takes long to build."""

    name: Slow


def main() -> None:
    os.register_at_fork(before=forking.set)  # runs first, because it is registered last
    thread = threading.Thread(target=lambda: Built.from_dict({"name": "x"}))
    thread.start()
    building.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(80)
        made = FunctionCall.from_json(
            '{"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}'
        )
        os._exit(made.name != "f" or not Built.__pydantic_complete__)
    thread.join()
    _, status = os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
