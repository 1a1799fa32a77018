-- Of the entries of an agent, those on whose heads CI had passed before.
ALTER TABLE lane_records ADD COLUMN observed_passed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane_records ADD COLUMN observed_failed INTEGER NOT NULL DEFAULT 0;
