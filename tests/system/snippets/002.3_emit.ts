import { getEventEmitter } from '@/lib/websocket';

// Emit analytics activity
await getEventEmitter().emitAnalyticsActivity({
  activityId: '123',
  eventType: 'page_view',
  message: 'Page visited: /dashboard',
  details: 'New York, US',
  timeAgo: 'Just now',
  device: 'desktop',
  location: 'New York, US',
  timestamp: new Date()
});

// Emit content update
await getEventEmitter().emitContentUpdated({
  contentId: '456',
  title: 'Updated Blog Post',
  type: 'blog',
  status: 'published',
  authorId: '789',
  updatedAt: new Date()
});
