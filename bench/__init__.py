"""What the promises about speed and size are worth on this machine: `make bench` writes `docs/performance.md`."""
