// Who belongs to a group of connected clients, and through which links?
// $group_id: the group
// $set = "prudent": confirmed, or prudent
MATCH (g:Group)
WHERE g.group_id = $group_id AND g.group_set = $set
MATCH (p:Party)-[m:MEMBER_OF]->(g)
RETURN p.party_id AS party_id, p.name AS name, m.group_role AS role, p.group_exposure AS exposure, p.risk_pd AS risk_pd,
       m.group_reasons AS reasons
ORDER BY role, party_id
