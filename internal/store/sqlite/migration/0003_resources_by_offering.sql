-- What an offering has delivered is paged by state and counted by plan and by project inside
-- the index: a provider has tens of thousands.
DROP INDEX resources_offering;
CREATE INDEX resources_offering ON resources (offering_id, id, state, plan_id, project_id);
