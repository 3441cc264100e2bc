let reconnectToken: string | null = null;

function connectSSE() {
  const eventSource = new EventSource('/api/admin/analytics/stream');
  
  eventSource.onmessage = (event) => {
    const data = JSON.parse(event.data);
    
    if (data.type === 'connection_established') {
      reconnectToken = data.data.reconnectToken;
    }
  };
  
  eventSource.onerror = () => {
    eventSource.close();
    
    // Attempt reconnection after delay
    setTimeout(() => {
      if (reconnectToken) {
        const reconnectEventSource = new EventSource(
          `/api/admin/analytics/reconnect?token=${reconnectToken}`
        );
        // Handle reconnection events...
      }
    }, 1000);
  };
}
