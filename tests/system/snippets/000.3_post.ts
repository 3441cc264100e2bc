// Acknowledge alert
POST /api/admin-dashboard/realtime
{ "action": "acknowledge-alert", "alertId": "alert-123" }

// Force data aggregation
POST /api/admin-dashboard/realtime
{ "action": "force-aggregation" }

// Start/stop aggregator
POST /api/admin-dashboard/realtime
{ "action": "start-aggregator" | "stop-aggregator" }
