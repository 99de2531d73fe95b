"""Measures of speed and memory against bare libraries and the official package; see `__main__`."""
