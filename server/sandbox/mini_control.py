"""Control calls for what WeChat tells the mini-program: its address, how it is told, what was told lately."""

from .callbacks import Delivery
from .controls import Control, Nothing, Reply, Unknown
from .corp_control import Address
from .mini_callbacks import Style
from .world import World


async def set_address(world: World, ask: Address) -> Reply:
    """The address is asked as the platform's console does, and not taken when it does not answer rightly."""
    if ask.url and (problem := await world.mini.check(ask.url)):
        raise Unknown(f"url: {problem}")
    world.mini.url = ask.url
    return {"url": ask.url}


def told(world: World, ask: Nothing) -> Reply:
    return {"url": world.mini.url, "items": [_full(one) for one in world.mini.deliveries]}


def _full(sent: Delivery) -> Reply:
    """All fields, also the empty ones."""
    return {name: getattr(sent, name) for name in sent.__struct_fields__}


def set_style(world: World, ask: Style) -> Reply:
    world.mini.style = ask
    return {name: getattr(ask, name) for name in ask.__struct_fields__}


async def again(world: World, ask: Nothing) -> Reply:
    """What was told last, once more."""
    if not world.mini.deliveries:
        raise Unknown("nothing was told yet")
    return _full(await world.mini.send(world.mini.deliveries[-1].fields))


MINI_CONTROLS: tuple[Control, ...] = (
    Control("POST", "/_control/mini-callback", Address, set_address),
    Control("GET", "/_control/mini-callbacks", Nothing, told),
    Control("POST", "/_control/mini-callbacks-style", Style, set_style),
    Control("POST", "/_control/mini-callbacks-again", Nothing, again),
)
