"""Documents 文书: the receipts and decisions of a case as PDF, and what their QR codes lead to."""

from server.documents.stored import of_case

__all__ = ["of_case"]
