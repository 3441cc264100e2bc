# SPDX-License-Identifier: Apache-2.0
"""Tells Sightline's webhook collector what happens in an application.

    from sightline_hooks import order_completed_sync
    order_completed_sync(order_id=17, total_amount=Decimal("75.50"), items_count=3)

A hook returns at once: a thread sends, in batches, again after failures, and at the end of
the program.  It never raises; what had to be dropped is counted (get_analytics_status) and
logged by the logger "sightline_hooks".  SIGHTLINE_HOOKS_SECRET or _SECRET_FILE has to be
set.  sightline-hooks(7) has the rest.
"""
from .hooks import (
    close,
    configure,
    customer_action_hook,
    customer_action_sync,
    customer_activity_hook,
    customer_activity_sync,
    emit,
    flush,
    get_analytics_status,
    invalidate_analytics_cache_hook,
    invalidate_analytics_cache_sync,
    order_cancelled_hook,
    order_cancelled_sync,
    order_completed_hook,
    order_completed_sync,
    payment_processed_hook,
    payment_processed_sync,
    staff_action_hook,
    staff_action_sync,
    system_event_hook,
    system_event_sync,
    trigger_custom_alert_hook,
    trigger_custom_alert_sync,
)

__version__ = "0.1.0"
__all__ = [
    "close",
    "configure",
    "customer_action_hook",
    "customer_action_sync",
    "customer_activity_hook",
    "customer_activity_sync",
    "emit",
    "flush",
    "get_analytics_status",
    "invalidate_analytics_cache_hook",
    "invalidate_analytics_cache_sync",
    "order_cancelled_hook",
    "order_cancelled_sync",
    "order_completed_hook",
    "order_completed_sync",
    "payment_processed_hook",
    "payment_processed_sync",
    "staff_action_hook",
    "staff_action_sync",
    "system_event_hook",
    "system_event_sync",
    "trigger_custom_alert_hook",
    "trigger_custom_alert_sync",
]
