"""The panes: they hold values, run workers, and call the library."""
