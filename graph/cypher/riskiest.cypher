// Which firms are riskiest in the run in force, and what drives it?
// $limit = 20: how many firms
MATCH (e:Enterprise)
WHERE e.risk_status = 'scored'
RETURN e.party_id AS party_id, e.name AS name, e.risk_pd AS risk_pd, e.risk_pd_standalone AS risk_pd_standalone,
       e.risk_contagion AS risk_contagion, e.risk_driver AS risk_driver, e.risk_as_of AS risk_as_of
ORDER BY risk_pd DESC, party_id
LIMIT toInteger($limit)
