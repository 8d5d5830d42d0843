"""Ratios against a peer, a plain script or a limit, each measured in one run."""
