"""`python -m handlers.openapi` prints the document; `scripts/openapi` puts it where it belongs."""

import sys

from handlers.openapi import document

sys.stdout.buffer.write(document.text())
