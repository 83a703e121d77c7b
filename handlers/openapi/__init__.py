"""The API described: an OpenAPI 3.1 document and a page to read, both from the verbs themselves."""
