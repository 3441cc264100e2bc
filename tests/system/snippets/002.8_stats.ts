import { getWebSocketServer } from '@/lib/websocket';

const stats = getWebSocketServer().getStats();
// { totalConnections: 5, activeSubscriptions: 15 }
