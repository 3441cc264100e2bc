const ws = new WebSocket('ws://localhost:3001/api/admin/analytics/websocket?userId=user123');

ws.onopen = () => {
  // Subscribe to metrics
  ws.send(JSON.stringify({
    type: 'subscribe',
    data: { metrics: ['dashboard', 'users'] }
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);
  
  switch (message.type) {
    case 'connection_established':
      console.log('WebSocket connected:', message.data.connectionId);
      break;
    case 'metrics_update':
      updateDashboard(message.data);
      break;
    case 'subscribed':
      console.log('Subscribed to:', message.data.metrics);
      break;
  }
};
