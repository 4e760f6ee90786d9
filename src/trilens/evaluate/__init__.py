"""What a system does and would do, judged by the engine that serves it."""
