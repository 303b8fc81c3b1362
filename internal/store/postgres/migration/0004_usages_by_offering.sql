-- What was used of an offering is paged by month and counted inside the index: a provider
-- has tens of thousands of rows each month. A usage is of its resource's offering, for good.
ALTER TABLE usages ADD COLUMN offering_id BIGINT NOT NULL DEFAULT 0;
UPDATE usages SET offering_id = coalesce((SELECT r.offering_id FROM resources r WHERE r.id = usages.resource_id), 0);
-- A month's rows come in order of id.
CREATE INDEX usages_offering ON usages (offering_id, period, id, reported);
