"""A faithful local stand-in of the WeChat mini-program and WeCom server APIs, for the demo and the tests.

It answers as the platforms' pages say, not as our own client expects, and refuses to start beside
real credentials.
"""

from .app import SandboxApp, make_sandbox, run
from .config import Department, Member, RealCredentials, SandboxConfig, Tag, Template
from .quotas import Quota
from .store import StateUnreadable

__all__ = [
    "Department",
    "Member",
    "Quota",
    "RealCredentials",
    "SandboxApp",
    "SandboxConfig",
    "StateUnreadable",
    "Tag",
    "Template",
    "make_sandbox",
    "run",
]
