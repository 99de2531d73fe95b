"""Streams over HTTP: where events come from, how a broken stream resumes, and the iterators that users hold."""
