const status = adminDashboardDataAggregator.getSystemStatus();
console.log({
  isRunning: status.isRunning,
  dataSourcesActive: status.dataSourcesActive,
  subscriptionsActive: status.subscriptionsActive,
  totalDataPoints: status.totalDataPoints,
  memoryUsageMB: status.memoryUsageMB,
  alertsActive: status.alertsActive,
});
