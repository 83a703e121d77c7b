"""The staff's workplace in a browser, on the desk and inside WeCom."""
