# SPDX-License-Identifier: Apache-2.0
import datetime
import decimal
import uuid
from typing import Any, Mapping, Optional, Union

_Id = Union[int, str, uuid.UUID]
_Amount = Union[int, float, decimal.Decimal]
_Time = Union[datetime.datetime, datetime.date, float, str]
_Data = Mapping[str, Any]
_Audience = Mapping[str, str]

__version__: str
__all__: list[str]

def configure(
    *,
    url: str = ...,
    secret: str = ...,
    secret_file: str = ...,
    ca_file: str = ...,
    app: str = ...,
    events_max: int = ...,
    bytes_max: int = ...,
    batch_events: int = ...,
    batch_bytes: int = ...,
    linger_s: float = ...,
    timeout_s: float = ...,
    exit_s: float = ...,
    retry_min_s: float = ...,
    retry_max_s: float = ...,
    gateway: str = ...,
    token: str = ...,
) -> None: ...
def emit(
    kind: str,
    payload: Optional[_Data] = None,
    *,
    time: Optional[_Time] = None,
    audience: Optional[_Audience] = None,
    event_id: Optional[str] = None,
) -> Optional[str]: ...
def flush(timeout: float = 5.0) -> bool: ...
def close(timeout: float = 5.0) -> bool: ...
def get_analytics_status(timeout: float = 2.0) -> dict[str, Any]: ...
async def customer_action_hook(
    customer_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def customer_action_sync(
    customer_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def customer_activity_hook(
    customer_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def customer_activity_sync(
    customer_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def invalidate_analytics_cache_hook(
    cache_pattern: Optional[str] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def invalidate_analytics_cache_sync(
    cache_pattern: Optional[str] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def order_cancelled_hook(
    order_id: _Id,
    staff_id: Optional[_Id] = None,
    reason: Optional[str] = None,
    cancelled_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def order_cancelled_sync(
    order_id: _Id,
    staff_id: Optional[_Id] = None,
    reason: Optional[str] = None,
    cancelled_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def order_completed_hook(
    order_id: _Id,
    staff_id: Optional[_Id] = None,
    customer_id: Optional[_Id] = None,
    total_amount: Optional[_Amount] = None,
    items_count: Optional[int] = None,
    table_no: Optional[_Id] = None,
    completed_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def order_completed_sync(
    order_id: _Id,
    staff_id: Optional[_Id] = None,
    customer_id: Optional[_Id] = None,
    total_amount: Optional[_Amount] = None,
    items_count: Optional[int] = None,
    table_no: Optional[_Id] = None,
    completed_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def payment_processed_hook(
    order_id: _Id,
    payment_method: Optional[str] = None,
    amount: Optional[_Amount] = None,
    status: str = "success",
    transaction_id: Optional[_Id] = None,
    processed_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def payment_processed_sync(
    order_id: _Id,
    payment_method: Optional[str] = None,
    amount: Optional[_Amount] = None,
    status: str = "success",
    transaction_id: Optional[_Id] = None,
    processed_at: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def staff_action_hook(
    staff_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    shift_id: Optional[_Id] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def staff_action_sync(
    staff_id: _Id,
    action_type: str,
    action_data: Optional[_Data] = None,
    shift_id: Optional[_Id] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def system_event_hook(
    event_type: str,
    message: str,
    severity: str = "low",
    source_service: str = "unknown",
    event_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def system_event_sync(
    event_type: str,
    message: str,
    severity: str = "low",
    source_service: str = "unknown",
    event_data: Optional[_Data] = None,
    timestamp: Optional[_Time] = None,
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
async def trigger_custom_alert_hook(
    alert_name: str,
    message: str,
    metric_name: Optional[str] = None,
    current_value: Optional[_Amount] = None,
    threshold_value: Optional[_Amount] = None,
    severity: str = "medium",
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
def trigger_custom_alert_sync(
    alert_name: str,
    message: str,
    metric_name: Optional[str] = None,
    current_value: Optional[_Amount] = None,
    threshold_value: Optional[_Amount] = None,
    severity: str = "medium",
    *,
    event_id: Optional[str] = None,
    audience: Optional[_Audience] = None,
) -> Optional[str]: ...
