"""The entry point of `python -m responses_client`, which is the command `responses`."""

if __name__ == "__main__":
    from ._cli.main import run

    run()
