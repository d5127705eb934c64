// Which parties belong to more than one group, and count in each?
// $set = "prudent": confirmed, or prudent
// $limit = 100: how many parties
MATCH (g:Group)
WHERE g.group_set = $set
MATCH (p:Party)-[:MEMBER_OF]->(g)
WITH p, collect(g.group_id) AS groups
WHERE size(groups) > 1
RETURN p.party_id AS party_id, p.name AS name, p.group_exposure AS exposure, size(groups) AS number, groups
ORDER BY number DESC, party_id
LIMIT toInteger($limit)
