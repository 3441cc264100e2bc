const eventSource = new EventSource('/api/admin/analytics/stream?metrics=dashboard,users');

eventSource.onmessage = (event) => {
  const data = JSON.parse(event.data);
  
  switch (data.type) {
    case 'connection_established':
      console.log('Connected with token:', data.data.reconnectToken);
      break;
    case 'metrics_update':
      updateDashboard(data.data);
      break;
    case 'system_alert':
      showAlert(data.data);
      break;
  }
};

eventSource.onerror = (error) => {
  console.error('SSE error:', error);
  // Implement reconnection logic
};
