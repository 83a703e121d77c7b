"""Where drivers are: what their phones report, and who may look on."""

TITLE = "行车位置"
