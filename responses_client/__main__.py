"""The entry point of `python -m responses_client`; the command itself is in `_cli`."""

import sys

if __name__ == "__main__":
    try:
        from ._cli import main

        status: int = main()
    except KeyboardInterrupt:  # caught here so that Ctrl-C prints no traceback while modules load
        status = 130  # 128 + SIGINT, as shells report it
    sys.exit(status)
