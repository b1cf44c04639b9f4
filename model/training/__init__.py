"""Training with an untimed controller: the sequence of events that every engine runs, a module per controller kind.

`transfer` for the algorithms with an array A, `in_memory_sgd`, `mixed_precision`; `common` is what their sessions
share.
"""
