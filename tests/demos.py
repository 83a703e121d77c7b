"""A demo that runs as a process of its own, as whoever tries it would start it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "server", "demo"]
UP = "Ctrl-C stops everything"


def environ(data_dir: Path, **more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("HOELUN_")}
    return plain | {"HOELUN_DATA_DIR": str(data_dir)} | more


class Demo:
    """A running demo and what it has printed so far."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], env=environ(data_dir), stdout=subprocess.PIPE, text=True
        )
        self.printed = ""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line
            if UP in line:
                break

    def lines_to_try(self) -> str:
        """The commands of the numbered steps, as a shell script."""
        return "\n".join(line for line in self.printed.splitlines() if line.startswith("      "))

    def stop(self) -> str:
        """Ctrl-C; returns what it said on its way out."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        last_words, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
        return last_words

    def address(self, of: str) -> str:
        """The address that it printed beside these words."""
        found = re.search(rf"{of}\s+(http://[^\s/]+)", self.printed)
        assert found, self.printed
        return found[1]
