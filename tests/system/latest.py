# SPDX-License-Identifier: Apache-2.0
"""What a WebSocket was told of metrics: no request is made by looking at them."""


class Latest:
    """The newest value of each metric of some topics.  Name what is not in the snapshot:
    wildcards leave it out."""

    def __init__(self, instance, *topics, **kwargs):
        self.client = instance.ws(path="/api/v1/ws?format=points", **kwargs)
        self.client.subscribe(*topics)
        self.values = {}
        self.seen = 0

    def get(self, name):
        for message in self.client.messages[self.seen:]:
            self.seen += 1
            for point in message["data"].get("points", []):
                self.values[point["metric"]] = point["value"]
        return self.values.get(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
