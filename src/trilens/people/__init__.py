"""What only people may decide. A case is opened by the pipeline, decided by a named operator, and never by a model."""
