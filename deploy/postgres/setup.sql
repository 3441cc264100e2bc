-- SPDX-License-Identifier: Apache-2.0
-- What sightline-collect-postgres(8) needs in a database, run by its owner:
--
--	psql -v ON_ERROR_STOP=1 -d shop -f setup.sql
--
-- The server needs, and takes only with a restart:
--
--	wal_level = logical
--	max_slot_wal_keep_size = 1GB    -- what an unread slot may hold back

-- May log in, stream, and read what the queries read: nothing else.
CREATE ROLE sightline LOGIN REPLICATION CONNECTION LIMIT 4;
GRANT SELECT ON tickets, orders TO sightline;

CREATE PUBLICATION sightline
	FOR TABLE customers, orders, products, tickets, ticket_views;

-- So that a changed status is known as such, with what it was before.
ALTER TABLE tickets REPLICA IDENTITY FULL;

-- Rows that are only added need no identity.
ALTER TABLE ticket_views REPLICA IDENTITY NOTHING;
