// Which groups does a party belong to, and why?
// $party_id: the party, by its id or an alias
MATCH (p:Party)
WHERE p.party_id = $party_id OR $party_id IN p.aliases
MATCH (p)-[m:MEMBER_OF]->(g:Group)
RETURN g.group_set AS set, g.group_id AS group_id, g.group_size AS size, m.group_role AS role, m.group_reasons AS reasons,
       g.group_limit_use AS used
ORDER BY set, group_id
