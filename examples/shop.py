# SPDX-License-Identifier: Apache-2.0
"""A shop that tells what happens in it: any WSGI server runs it.

    gunicorn --chdir examples shop:application
    curl -X POST 'http://127.0.0.1:8000/orders?total=9.50'
"""
import itertools
from urllib.parse import parse_qs

from sightline_hooks import get_analytics_status, order_completed_sync, system_event_sync

numbers = itertools.count(1)


def application(environ, start_response):
    request = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    try:
        if request == ("POST", "/orders"):
            total = float(parse_qs(environ["QUERY_STRING"])["total"][0])
            # … the shop's own work …
            number = next(numbers)
            order_completed_sync(order_id=number, total_amount=total, items_count=1)
            status, text = "201 Created", f"order {number}\n"
        elif request == ("GET", "/health"):
            status, text = "200 OK", f"{get_analytics_status()['status']}\n"
        else:
            status, text = "404 Not Found", "there is nothing\n"
    except (KeyError, ValueError) as error:
        system_event_sync("bad_request", f"an order without a total: {error}", source_service="shop")
        status, text = "400 Bad Request", "total is missing\n"
    body = text.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
