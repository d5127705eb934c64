// Which firms owe most of their risk to others?
// $limit = 20: how many firms
// $share = 0.5: least part of risk_pd that is contagion
MATCH (e:Enterprise)
WHERE e.risk_status = 'scored' AND e.risk_pd > 0 AND e.risk_contagion >= $share * e.risk_pd
RETURN e.party_id AS party_id, e.name AS name, e.risk_pd AS risk_pd, e.risk_contagion AS risk_contagion,
       e.risk_contagion / e.risk_pd AS share, e.risk_driver AS risk_driver
ORDER BY risk_contagion DESC, party_id
LIMIT toInteger($limit)
