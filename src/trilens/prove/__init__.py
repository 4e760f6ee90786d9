"""What can be proven: the ledger, the controls, and status as a function of evidence. Nobody types a status."""
