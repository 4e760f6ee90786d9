"""The ladder of explanations: which origin may decide a value. One file a rule, tried in order by `ladder`."""
