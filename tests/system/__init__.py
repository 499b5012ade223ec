"""Tests in a whole Debian: real cron, real systemd, the README's own commands."""
