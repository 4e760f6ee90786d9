"""What a careful reviewer looks for, one file a subject. Each check is a function from `Review` to what it has to say."""
