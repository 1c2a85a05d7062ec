CREATE INDEX CONCURRENTLY idx_campaigns_status_created ON campaigns (status, created_at);
