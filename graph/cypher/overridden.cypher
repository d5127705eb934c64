// Whose PD was overridden in the run in force, why, and until when?
// $limit = 100: how many firms
MATCH (e:Enterprise)
WHERE e.risk_override IS NOT NULL
RETURN e.party_id AS party_id, e.name AS name, e.risk_pd AS risk_pd, e.risk_pd_final AS risk_pd_final,
       e.risk_override AS reason, e.risk_override_until AS until, e.risk_as_of AS risk_as_of
ORDER BY until, party_id
LIMIT toInteger($limit)
