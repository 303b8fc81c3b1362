-- Far pages of what a provider has tens of thousands of.

-- What was used of an offering is paged by month and counted inside the index. A usage is of its resource's offering, for good.
ALTER TABLE usages ADD COLUMN offering_id BIGINT NOT NULL DEFAULT 0;
UPDATE usages SET offering_id = coalesce((SELECT r.offering_id FROM resources r WHERE r.id = usages.resource_id), 0);
-- A month's rows come in order of id.
CREATE INDEX usages_offering ON usages (offering_id, period, id, reported);

-- A provider's orders are counted and skipped without a look at them for the few that are hidden.
CREATE INDEX orders_hidden ON orders (provider_id, id) WHERE hidden_at IS NOT NULL;
