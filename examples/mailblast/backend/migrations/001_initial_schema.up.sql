CREATE TABLE campaigns (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    subject    text NOT NULL,
    body       text NOT NULL,
    status     text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sending', 'sent')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX campaigns_newest ON campaigns (created_at DESC, id);

-- A message is one recipient of one campaign. While it is pending it is also
-- the outbox: job is what will be pushed, byte for byte, by the slot that accepted it.
CREATE TABLE messages (
    id          text PRIMARY KEY,
    campaign_id text NOT NULL REFERENCES campaigns (id),
    recipient   text NOT NULL,
    status      text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'queued', 'delivered', 'bounced', 'failed')),
    slot        text NOT NULL,
    lane        text NOT NULL DEFAULT '',
    job         text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz NULL,
    settled_by  text NULL,
    response    text NULL,
    UNIQUE (campaign_id, recipient)
);

CREATE INDEX messages_outbox ON messages (created_at) WHERE status = 'pending';
CREATE INDEX messages_unsettled ON messages (campaign_id) WHERE status IN ('pending', 'queued');

-- No reference to messages: an event is written whatever order slots are
-- released in, and never waits for a lock on a message.
CREATE TABLE tracking_events (
    message_id  text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('open', 'click')),
    url         text NOT NULL DEFAULT '',
    slot        text NOT NULL,
    occurred_at timestamptz NOT NULL,
    UNIQUE (message_id, kind)
);
