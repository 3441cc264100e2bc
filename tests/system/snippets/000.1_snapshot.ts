interface AdminDashboardSnapshot {
  timestamp: Date;
  systemHealth: {
    overall_status: "healthy" | "warning" | "critical";
    cpu_usage: number;
    memory_usage: number;
    response_time: number;
    uptime_percentage: number;
    active_services: number;
    failed_services: number;
  };
  businessMetrics: {
    revenue_today: number;
    revenue_trend: number;
    active_customers: number;
    conversion_rate: number;
    churn_rate: number;
    mrr: number;
  };
  workflowPerformance: {
    active_executions: number;
    success_rate: number;
    average_execution_time: number;
    queue_size: number;
    failed_workflows: number;
    throughput_per_hour: number;
  };
  customerIntelligence: {
    active_users_now: number;
    user_growth_rate: number;
    support_tickets_open: number;
    average_health_score: number;
    user_engagement_rate: number;
    bounce_rate: number;
  };
  securityCompliance: {
    failed_auth_attempts: number;
    api_requests_per_minute: number;
    compliance_score: number;
    active_sessions: number;
    security_incidents: number;
    audit_events_today: number;
  };
  alerts: AdminDashboardAlert[];
  performance: {
    data_sources_active: number;
    aggregation_latency: number;
    total_data_points: number;
    memory_usage_mb: number;
  };
}
