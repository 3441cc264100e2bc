interface AdminDashboardDataPoint {
  id: string; // Unique identifier
  timestamp: Date; // Data collection time
  source: DataSource; // Source system
  category: DataCategory; // Data category
  metric: string; // Specific metric name
  value: number; // Metric value
  status: "healthy" | "warning" | "critical";
  metadata?: Record<string, any>; // Additional context
  moduleAccess: string[]; // RBAC module access
}
