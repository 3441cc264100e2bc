# Get connection stats
curl -H "Authorization: Bearer <token>" \
  http://localhost:3001/api/admin/analytics/connection-stats

# Get WebSocket stats
curl -H "Authorization: Bearer <token>" \
  http://localhost:3001/api/admin/analytics/websocket-stats
