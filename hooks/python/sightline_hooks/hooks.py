# SPDX-License-Identifier: Apache-2.0
"""What happens in a business, as events of Sightline's catalog.

Each of these says type, payload and time of its event; paired() makes two functions of
it, NAME_hook to await and NAME_sync to call.
"""
import functools
import inspect
import os
import threading

from .plain import words
from .sender import Sender
from .settings import Settings, read
from .status import report

FAILED = ("failed", "failure", "declined", "refused", "error", "cancelled", "canceled")

_sender = None
_lock = threading.RLock()


def configure(**arguments):
    """Sets where events go, and the bounds: names and units are those of Settings; what is
    not given is read from the environment.  Without a call, the first hook does it.  Raises
    ValueError where nothing could be sent with it."""
    settings = read(arguments)
    problem = settings.problem()
    if problem:
        raise ValueError(problem)
    _replace(Sender(settings))


def _replace(sender):
    global _sender
    with _lock:
        former, _sender = _sender, sender
    if former is not None:
        former.buffer.close()  # its thread sends what it has


def _after_fork_in_child():
    global _lock
    _lock = threading.RLock()  # another thread may have held it


os.register_at_fork(after_in_child=_after_fork_in_child)


def sender():
    """The one of this process."""
    if _sender is not None:
        return _sender
    with _lock:
        if _sender is None:
            try:
                made = Sender(read())
            except ValueError as error:
                made = Sender(Settings())
                made.problem = str(error)
            _replace(made)
    return _sender


def emit(kind, payload=None, *, time=None, audience=None, event_id=None):
    """Sends an event of any type that the catalog declares.  audience, {"sub": user} or
    {"role": role}, narrows who gets it.  event_id names the event where the application has
    a name for it: what is sent again with the same arrives once.  Returns its id, or None
    if it was dropped; never raises, never waits."""
    return sender().emit(kind, payload, time, audience, event_id)


def flush(timeout=5.0):
    """True once everything emitted before was sent or dropped, False after the timeout."""
    return sender().flush(timeout)


def close(timeout=5.0):
    """Sends what there is and takes nothing more; the end of the program does it by itself."""
    return sender().close(timeout)


def get_analytics_status(timeout=2.0):
    """Connection counts, event metrics and system health.  Connection counts need
    SIGHTLINE_HOOKS_TOKEN.  Waits at most timeout seconds, never raises."""
    one = sender()
    return report(one.settings, one.figures(), one.problem, timeout)


def paired(build):
    """NAME_hook and NAME_sync of a function NAME.  Both take event_id and audience, too."""

    def take(args, event_id, audience, values):
        try:
            kind, payload, time = build(*args, **values)
        except Exception as error:  # wrong arguments, or an object that fails when it is read
            sender().refuse(words(error))
            return None
        return sender().emit(kind, payload, time, audience, event_id)

    @functools.wraps(build)
    def sync(*args, event_id=None, audience=None, **values):
        return take(args, event_id, audience, values)

    @functools.wraps(build)
    async def hook(*args, event_id=None, audience=None, **values):
        return take(args, event_id, audience, values)

    plain = inspect.signature(build)
    further = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in ("event_id", "audience")]
    sync.__signature__ = hook.__signature__ = plain.replace(parameters=[*plain.parameters.values(), *further])
    sync.__name__ = sync.__qualname__ = build.__name__ + "_sync"
    hook.__name__ = hook.__qualname__ = build.__name__ + "_hook"
    return hook, sync


def order_completed(order_id, staff_id=None, customer_id=None, total_amount=None, items_count=None,
                    table_no=None, completed_at=None):
    """An order is complete."""
    return "orders.completed", {
        "order_id": order_id, "staff_id": staff_id, "customer_id": customer_id, "total_amount": total_amount,
        "items_count": items_count, "table_no": table_no}, completed_at


def order_cancelled(order_id, staff_id=None, reason=None, cancelled_at=None):
    """An order was cancelled."""
    return "orders.cancelled", {"order_id": order_id, "staff_id": staff_id, "reason": reason}, cancelled_at


def staff_action(staff_id, action_type, action_data=None, shift_id=None, timestamp=None):
    """Somebody of the staff did something worth showing."""
    return "staff.action", {"staff_id": staff_id, "action": str(action_type), "data": action_data,
                            "shift_id": shift_id}, timestamp


def customer_action(customer_id, action_type, action_data=None, timestamp=None):
    """A customer did something."""
    return "customers.activity", {"customer_id": customer_id, "activity_type": str(action_type),
                                  "data": action_data}, timestamp


def payment_processed(order_id, payment_method=None, amount=None, status="success", transaction_id=None,
                      processed_at=None):
    """A payment went through, or, by its status, did not."""
    payload = {"payment_id": order_id if transaction_id is None else transaction_id, "order_id": order_id,
               "amount": amount, "method": payment_method, "status": str(status)}
    if str(status).lower() in FAILED:
        return "payment.failed", {**payload, "reason": str(status)}, processed_at
    return "payment.processed", payload, processed_at


def system_event(event_type, message, severity="low", source_service="unknown", event_data=None, timestamp=None):
    """Something of the application itself."""
    return "system.event", {"event_type": event_type, "severity": severity, "message": message,
                            "source_service": source_service, "data": event_data}, timestamp


def invalidate_analytics_cache(cache_pattern=None):
    """What matches the pattern (None: everything) is out of date.  Sightline's own caches follow
    its data by themselves; those of clients learn it by this event."""
    return "system.cache_invalidated", {"pattern": "*" if cache_pattern is None else cache_pattern}, None


def trigger_custom_alert(alert_name, message, metric_name=None, current_value=None, threshold_value=None,
                         severity="medium"):
    """An alert of the application's own judgement."""
    return "system.custom_alert", {
        "alert_type": alert_name, "severity": severity, "message": message, "alert_name": alert_name,
        "metric_name": metric_name, "current_value": current_value, "threshold_value": threshold_value}, None


order_completed_hook, order_completed_sync = paired(order_completed)
order_cancelled_hook, order_cancelled_sync = paired(order_cancelled)
staff_action_hook, staff_action_sync = paired(staff_action)
customer_action_hook, customer_action_sync = paired(customer_action)
customer_activity_hook, customer_activity_sync = customer_action_hook, customer_action_sync  # as document 001 says
payment_processed_hook, payment_processed_sync = paired(payment_processed)
system_event_hook, system_event_sync = paired(system_event)
invalidate_analytics_cache_hook, invalidate_analytics_cache_sync = paired(invalidate_analytics_cache)
trigger_custom_alert_hook, trigger_custom_alert_sync = paired(trigger_custom_alert)
