"""Who am I here, what may I do, and out."""

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown


class Me(Page):
    path = "/console/me"
    menu = MenuItem("我", "user", 90)

    @allow("staff")
    async def get(self) -> Shown:
        """My name, my roles and what each may do."""
        return Shown("console/me.html", {})
