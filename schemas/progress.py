"""Where a case stands, asked for without signing in."""

from schemas.approvals import FindProgress, ProgressView

__all__ = ["FindProgress", "ProgressView"]
