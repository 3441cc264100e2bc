// Get dashboard snapshot
GET /api/admin-dashboard/realtime?action=snapshot

// Get system status
GET /api/admin-dashboard/realtime?action=system-status

// Get active alerts
GET /api/admin-dashboard/realtime?action=alerts

// SSE real-time stream
GET /api/admin-dashboard/realtime?action=sse&sources=system_health,workflows
