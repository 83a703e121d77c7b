"""The paper slip 报销凭证: fetched at the window with a code, or sent by post."""

from server import pick_up_codes
from server.cases import Act
from server.tickets.details import Ticket


def ready(act: Act) -> None:
    """The tickets are there, so the slip can be had."""
    paper = act.details.paper
    if paper.how == "none":
        return
    paper.state = "ready" if paper.how == "window" else "waiting"
    paper.code = pick_up_codes.new(4) if paper.how == "window" else ""


async def hand_over(act: Act) -> None:
    """Raises WrongPickUpCode."""
    paper = act.details.paper
    pick_up_codes.check(act.form.code, paper.code)
    paper.state = "handed_over"


async def post(act: Act) -> None:
    paper = act.details.paper
    paper.state, paper.carrier, paper.tracking_no = "posted", act.form.carrier, act.form.tracking_no
    act.facts = {"tracking_no": act.form.tracking_no}


def to_fetch(ticket: Ticket) -> bool:
    return ticket.paper.how == "window" and ticket.paper.state == "ready"


def to_post(ticket: Ticket) -> bool:
    return ticket.paper.how == "post" and ticket.paper.state == "waiting"
