// Whose failure would cost all others most, in the stress test in force?
// $limit = 20: how many firms
MATCH (e:Enterprise)
WHERE e.stress_impact > 0
RETURN e.party_id AS party_id, e.name AS name, e.stress_impact AS impact, e.stress_failures AS failures,
       e.stress_bank_loss AS bank_loss, e.stress_unknown AS unknown, e.risk_pd AS risk_pd, e.stress_as_of AS stress_as_of
ORDER BY impact DESC, party_id
LIMIT toInteger($limit)
