// In which groups does the bank stand to lose most, by the members' default probabilities?
// $set = "prudent": confirmed, or prudent
// $limit = 20: how many groups
MATCH (g:Group)
WHERE g.group_set = $set
MATCH (p:Party)-[:MEMBER_OF]->(g)
WHERE p.risk_pd IS NOT NULL
WITH g, max(p.risk_pd) AS worst_pd, sum(p.risk_pd * coalesce(p.group_exposure_after, 0.0)) AS expected
RETURN g.group_id AS group_id, g.group_size AS size, g.group_exposure AS exposure, worst_pd, expected
ORDER BY expected DESC, group_id
LIMIT toInteger($limit)
