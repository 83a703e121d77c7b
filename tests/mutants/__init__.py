"""Rules broken on purpose, one at a time: what the machine does not notice it does not prove."""
