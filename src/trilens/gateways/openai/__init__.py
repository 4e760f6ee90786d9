"""OpenAI Chat Completions: `wire` · `inbound` · `outbound` · `stream` and `release` · `routes`."""
