"""Approvals 政务审批: applied for once, and it can always be told where it lies, with whom, and until when."""

from server.approvals.colleagues import listed as colleagues_of
from server.approvals.details import Approval
from server.approvals.flow import FLOW
from server.approvals.kind import APPROVAL, apply, for_whom
from server.approvals.papers import reuses

__all__ = ["APPROVAL", "FLOW", "Approval", "apply", "colleagues_of", "for_whom", "reuses"]
