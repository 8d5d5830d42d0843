"""What is shown: values in, messages out; no I/O, no workers."""
