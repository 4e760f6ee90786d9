"""The pipeline in process: `trilens.open()`, sessions, and tools that are judged before they run."""
