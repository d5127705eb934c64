// Which memberships rest on a dependence that is only flagged, so that somebody should look?
// $limit = 100: how many memberships
MATCH (g:Group)
WHERE g.group_set = 'prudent'
MATCH (p:Party)-[m:MEMBER_OF]->(g)
WHERE any(reason IN m.group_reasons WHERE reason STARTS WITH 'dependence' AND reason CONTAINS 'flagged')
RETURN g.group_id AS group_id, p.party_id AS party_id, p.name AS name, p.group_exposure AS exposure,
       [reason IN m.group_reasons WHERE reason CONTAINS 'flagged'] AS flagged
ORDER BY coalesce(exposure, 0.0) DESC, group_id, party_id
LIMIT toInteger($limit)
