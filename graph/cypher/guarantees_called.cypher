// Which guarantees are called, and on whom, if a firm fails?
// $party_id: the firm that fails
MATCH (d:Party {party_id: $party_id})
MATCH (g:Party)-[r:GUARANTEES]->(d)
RETURN r.contract_id AS contract_id, g.party_id AS guarantor_id, g.name AS name, r.amount AS amount,
       r.liability AS liability, r.share AS share, g.solo_equity AS solo_equity, g.risk_pd AS risk_pd
ORDER BY contract_id, guarantor_id
