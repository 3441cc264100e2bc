# SPDX-License-Identifier: Apache-2.0
"""Holds whatever the gateways send against their own API documents.

The documents come from the build under test.  What has the shape of something that
was right before is not looked at again, so that a flood costs next to nothing.
"""
import functools
import json
import re
import subprocess
import threading

import jsonschema

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
METHODS = {"get", "head", "post", "put", "delete"}
SHAPES_MAX = 20000

formats = jsonschema.FormatChecker(formats=())
formats.checks("date-time")(lambda value: not isinstance(value, str) or bool(TIME.fullmatch(value)))
formats.checks("uuid")(lambda value: not isinstance(value, str) or bool(UUID.fullmatch(value)))


def shape(value):
    """Equal for values that a schema cannot tell apart: words stay, other texts and numbers do not."""
    if isinstance(value, dict):
        return tuple((key, shape(member)) for key, member in value.items())
    if isinstance(value, list):
        return (list, frozenset(shape(item) for item in value))
    if isinstance(value, str):
        return value if len(value) < 24 and value.replace("_", "").isalpha() else \
            (str, bool(TIME.fullmatch(value)), bool(UUID.fullmatch(value)))
    return type(value)


class Contract:
    def __init__(self, build):
        program = str(build / "tests/lint/api_documents")
        self.openapi = json.loads(subprocess.run([program, "openapi"], check=True, capture_output=True).stdout)
        self.asyncapi = json.loads(subprocess.run([program, "asyncapi"], check=True, capture_output=True).stdout)
        self.messages = {m["name"]: m["payload"] for name, m in self.asyncapi["components"]["messages"].items()
                         if name.endswith("Message")}
        self.paths = [(re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", path)), path, item)
                      for path, item in self.openapi["paths"].items()]
        self.seen = set()
        self.lock = threading.Lock()

    @functools.lru_cache(maxsize=None)
    def validator(self, schema):
        return jsonschema.Draft202012Validator(dict(json.loads(schema), components=self.openapi["components"]),
                                               format_checker=formats)

    def judge(self, schema, value, what):
        """What is wrong, as text; None if nothing is."""
        text = json.dumps(schema, sort_keys=True)
        key = (text, shape(value))
        with self.lock:
            if key in self.seen:
                return None
            error = jsonschema.exceptions.best_match(self.validator(text).iter_errors(value))
            if error is None:
                if len(self.seen) < SHAPES_MAX:
                    self.seen.add(key)
                return None
        where = "/".join(map(str, error.absolute_path))
        return f"{what}: {where}: {error.message[:400]} in {json.dumps(value)[:600]}"

    def message(self, message):
        """Judges a message of a stream, WebSocket or poll."""
        schema = self.messages.get(message.get("type")) if isinstance(message, dict) else None
        if schema is None:
            return f"no such message: {json.dumps(message)[:300]}"
        return self.judge(schema, message, f"message {message['type']}")

    def operation(self, method, path):
        """(path of the document, operation); (None, None) if the document has none."""
        exact = [row for row in self.paths if row[1] == path]
        for pattern, template, item in exact or self.paths:
            if pattern.fullmatch(path):
                return template, item.get("get" if method == "head" else method)
        return None, None

    def response(self, method, path, status, content_type, body):
        """Judges an answer; body is a function that gives its text."""
        method, path = method.lower(), path.split("?")[0]
        template, operation = self.operation(method, path)
        if operation is None or method not in METHODS:
            allowed = (200, 304, 404, 405) if template is None else (405,)
            return None if status in allowed or status >= 400 else f"{method} {path}: {status} is not documented"
        what = f"{method} {template}: {status}"
        answer = operation["responses"].get(str(status))
        if answer is None:
            answer = self.openapi["components"]["responses"]["Problem"] if status >= 400 else None
        if answer is None:
            return f"{what} is not documented"
        content = answer.get("content")
        if not content:
            return None
        kind = (content_type or "").split(";")[0]
        if kind not in content:
            return f"{what}: {kind} is none of {list(content)}"
        if method == "head" or not kind.endswith("json"):
            return None
        return self.judge(content[kind]["schema"], json.loads(body()), what)


@functools.lru_cache(maxsize=None)
def contract(build):
    return Contract(build)
