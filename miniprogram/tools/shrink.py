"""python shrink.py FOLDER: its PNG files get a palette of 128 colours, which nobody sees and which makes them a third."""

import sys
from pathlib import Path

from PIL import Image

COLOURS = 128

for file in sorted(Path(sys.argv[1]).rglob("*.png")):
    with Image.open(file) as picture:
        small = (
            picture
            if picture.mode == "P"
            else picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        )
        small.save(file, optimize=True)
