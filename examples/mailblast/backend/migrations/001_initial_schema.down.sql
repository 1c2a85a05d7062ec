DROP TABLE tracking_events;
DROP TABLE messages;
DROP TABLE campaigns;
