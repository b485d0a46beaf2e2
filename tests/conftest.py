"""Settings of all tests."""

from hypothesis import settings

# The first example of a test may import a library; the time of an example says nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
