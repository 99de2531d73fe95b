"""`python -m responses_client`; all but the interrupt is in `_cli`."""

import sys

if __name__ == "__main__":
    try:
        from ._cli import main

        status = main()
    except KeyboardInterrupt:  # here, so that it is quiet while modules load too
        status = 130  # 128 + SIGINT, as shells report it
    sys.exit(status)
