# Test connection health
curl -X POST -H "Authorization: Bearer <token>" \
  -H "Content-Type: application/json" \
  -d '{"connectionType": "sse"}' \
  http://localhost:3001/api/admin/analytics/test-connection

# Check service status
curl -H "Authorization: Bearer <token>" \
  http://localhost:3001/api/health
