"""The mini-program: its sources are sound, its parts do what they say, and residents get through with it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from schemas.proxies import ProxyState
from server.cases.kinds import kinds
from server.plans.visits import STATES, VISIT_STATES
from server.push import templates
from tests.demos import Demo

HOME = Path(__file__).resolve().parent.parent / "miniprogram"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None and "CI" not in os.environ, reason="no node on this machine"
)


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=HOME, env=os.environ | environ, capture_output=True, text=True, check=False
    )


def test_the_sources_are_sound() -> None:
    done = run("node", "tools/check.mjs")
    assert done.returncode == 0, done.stdout + done.stderr


def test_services_and_components_do_what_they_say() -> None:
    done = run("npm", "test", "--silent")
    assert done.returncode == 0, done.stdout + done.stderr


DRAWN = re.compile(r"{{(.*?)}}", re.DOTALL)
QUOTED = re.compile(r"""(['"`])([a-z_]+)\1""")


def test_no_page_knows_the_name_of_a_state() -> None:
    """What a state means is the server's: pages draw its words, its tone and its actions. Drawing tables may know it."""
    states = {state for kind in kinds().values() for state in kind.flow.states}
    assert {"submitted", "in_service", "arbitrating"} <= states
    tones = {state.tone for kind in kinds().values() for state in kind.flow.states.values()}
    states |= {*STATES, *VISIT_STATES, *get_args(ProxyState)} - tones
    known = []
    for path in sorted((HOME / "app").rglob("*")):
        if path.suffix not in (".js", ".wxml", ".wxs") or path.name == "drawing.js":
            continue
        text = path.read_text()
        written = "\n".join(DRAWN.findall(text)) if path.suffix == ".wxml" else text
        known += [(path.name, word) for _, word in QUOTED.findall(written) if word in states]
    assert known == []


ASKED = re.compile(r"""subscriptions\.ask\((.*)\)|MOMENTS = \[(.*)\]""")


def test_every_message_is_asked_for_at_some_tap() -> None:
    """WeChat shows what somebody has agreed to within a tap; a moment that no tap asks for is a message never shown."""
    asked = set()
    for path in (HOME / "app").rglob("*.js"):
        for found in ASKED.finditer(path.read_text()):
            asked |= {word for _, word in QUOTED.findall(found[0])}
    assert asked == {one.moment for one in templates().values()}


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    one = Demo(folder)
    yield one
    one.stop()


def test_residents_get_through_in_a_browser_while_staff_act_in_the_console(demo: Demo) -> None:
    in_browser(demo, HOME / "tests" / "e2e")


def test_what_takes_weeks_comes_to_its_end_when_the_clock_is_moved_on(demo: Demo) -> None:
    """After all others, one after the other: nobody else's time may be moved."""
    in_browser(demo, HOME / "tests" / "e2e" / "later", "--test-concurrency=1")


def in_browser(demo: Demo, folder: Path, *options: str) -> None:
    done = run(
        *("node", "--test", "--test-force-exit", *options),
        *(str(one.relative_to(HOME)) for one in sorted(folder.glob("*.test.mjs"))),
        HOELUN_E2E_PREVIEW=demo.address("The mini-program"),
        HOELUN_E2E_CONSOLE=demo.address("API and staff console"),
        HOELUN_E2E_SANDBOX=demo.address("Messages on the phones"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
