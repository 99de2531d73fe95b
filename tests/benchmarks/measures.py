"""The measures, by the names that the command takes."""

from . import calls, instructions, live, maps, official, partials, recordings, runs, starts, streams, uploads
from .setup import Measure

MEASURES: dict[str, Measure] = {
    "stream": streams.sync_streams,
    "async": streams.async_streams,
    "bare": streams.bare_streams,
    "mixed": streams.mixed_streams,
    "helper": streams.helper_streams,
    "partial": partials.values,
    "encode": calls.encoding,
    "parse": calls.parsing,
    "run": runs.turns,
    "map": maps.requests,
    "replay": recordings.replays,
    "official": official.over_ours,
    "upload": uploads.memory,
    "live": live.streams,
    "many": live.many,
    "import": starts.imports,
    "ready": starts.ready,
    "first": starts.first_event,
    "instructions": instructions.counts,
}
SLOW = frozenset({"live", "many", "instructions"})
"""Those that take minutes, which are measured only if they are named, and for the page."""
