"""An embedded server with a rate limit, to be run in its own process so that it takes no time from the client.

    python limited_server.py REQUESTS_PER_SECOND STYLE

It prints its address. When its input ends, it prints the inputs of all requests and the number of refusals, as JSON.
"""

import json
import sys

from responses_client.testing import RateLimit, Server

if __name__ == "__main__":
    limit = RateLimit(requests=int(sys.argv[1]), seconds=1.0, style=sys.argv[2])
    with Server(rate_limit=limit) as server, server.serve() as url:
        print(url, flush=True)
        sys.stdin.read()
        asked = [request.json["input"] for request in server.requests]
        print(json.dumps({"asked": asked, "refused": server.refused}))
