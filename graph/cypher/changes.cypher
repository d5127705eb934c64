// Whose risk moved most since the previous run?
// $limit = 20: how many firms
// $least = 0.0: smallest move of risk_pd that counts
MATCH (e:Enterprise)
WHERE e.risk_pd IS NOT NULL AND e.risk_pd_previous IS NOT NULL AND abs(e.risk_pd - e.risk_pd_previous) > $least
RETURN e.party_id AS party_id, e.name AS name, e.risk_pd_previous AS risk_pd_previous, e.risk_pd AS risk_pd,
       e.risk_pd - e.risk_pd_previous AS moved, e.risk_driver AS risk_driver, e.risk_status AS risk_status
ORDER BY abs(moved) DESC, party_id
LIMIT toInteger($limit)
