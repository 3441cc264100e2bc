// Force immediate aggregation for testing
const snapshot = await adminDashboardDataAggregator.forceAggregation();

// Get detailed system information
const status = adminDashboardDataAggregator.getSystemStatus();

// Check active alerts
const alerts = adminDashboardDataAggregator.getActiveAlerts();
