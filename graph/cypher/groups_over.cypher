// Which groups of connected clients use a limit to a given part or more?
// $set = "prudent": confirmed, or prudent
// $part = 0.7: 1 is the whole limit
// $limit = 100: how many groups
MATCH (g:Group)
WHERE g.group_set = $set AND g.group_limit_use >= $part
RETURN g.group_id AS group_id, g.group_regime AS regime, g.group_size AS size, g.group_exposure AS exposure,
       g.group_exposure_after AS exposure_after, g.group_limit AS rule, g.group_limit_use AS used, g.group_grade AS grade
ORDER BY used DESC, group_id
LIMIT toInteger($limit)
