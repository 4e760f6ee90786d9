"""Settings all tests share."""

from hypothesis import settings

# no deadline: a busy machine is not a failure; no database: the same run everywhere
settings.register_profile("trilens", deadline=None, database=None)
settings.load_profile("trilens")
