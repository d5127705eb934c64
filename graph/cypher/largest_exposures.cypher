// To whom is the bank most exposed, and how likely are they to fail?
// $limit = 20: how many parties
MATCH (p:Party)
WHERE p.group_exposure IS NOT NULL
RETURN p.party_id AS party_id, p.name AS name, p.group_exposure AS exposure, p.group_exposure_after AS exposure_after,
       p.group_limit_use AS used, p.risk_pd AS risk_pd, p.risk_contagion AS risk_contagion
ORDER BY exposure DESC, party_id
LIMIT toInteger($limit)
