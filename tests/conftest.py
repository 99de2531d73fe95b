"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# No test is timed: under load, or when an example is the first to load a module, any may be slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
