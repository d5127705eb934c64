// Which firms would lose most to the failure of a single other one, and whose?
// $limit = 20: how many firms
MATCH (e:Enterprise)
WHERE e.stress_worst_loss > 0
OPTIONAL MATCH (w:Party {party_id: e.stress_worst_id})
RETURN e.party_id AS party_id, e.name AS name, e.stress_worst_id AS worst_id, e.stress_worst_loss AS worst_loss,
       w.name AS worst_name, w.risk_pd AS worst_pd, e.stress_failed_by AS failed_by, e.stress_vulnerability AS vulnerability
ORDER BY worst_loss DESC, party_id
LIMIT toInteger($limit)
