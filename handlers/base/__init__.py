"""What every door has: who is asking, what may be asked, what is answered; the verbs themselves stay short.

A verb says who may call it (`allow`) or it does not load. Its signature says the rest: `str` arguments come from the
path, a Struct called `query` from the query string, any other Struct from the body, and the annotation of what it
returns is all that leaves the building.

A request's way: `doors` finds the endpoint by the path; `at_once` answers it if memory can; otherwise `endpoint` lets
it in, reads what was `asked`, runs the one of its `verbs`, and sends what it `answers`.
"""

from handlers.base.answers import Answer
from handlers.base.doors import Doors, RouteNotFound, endpoints
from handlers.base.endpoint import Endpoint
from handlers.base.verbs import ANYONE, VERBS, Plan, Rule, allow

__all__ = [
    "ANYONE",
    "VERBS",
    "Answer",
    "Doors",
    "Endpoint",
    "Plan",
    "RouteNotFound",
    "Rule",
    "allow",
    "endpoints",
]
