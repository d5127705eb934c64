// Who is linked to a firm, through what, and how much does each link add to its risk?
// $party_id: the firm, by its id or an alias
// $limit = 200: how many links
MATCH (e:Party)
WHERE e.party_id = $party_id OR $party_id IN e.aliases
MATCH (e)-[r:OWNS|CONTROLS|HOLDS_ROLE|RELATED_TO|GUARANTEES|SUPPLIES|LENDS_TO|DEPENDS_ON]-(n:Party)
WITH e, r, n, CASE WHEN startNode(r) = e THEN 'out' ELSE 'in' END AS way
RETURN type(r) AS link, way, n.party_id AS party_id, n.name AS name, n.risk_pd AS risk_pd,
       r.risk_contagion_guarantee_call AS guarantee_call, r.risk_contagion_receivable_loss AS receivable_loss,
       r.risk_contagion_supply_break AS supply_break, r.risk_contagion_loan_loss AS loan_loss,
       r.risk_contagion_equity_loss AS equity_loss, r.risk_contagion_support_loss AS support_loss,
       r.risk_contagion_cover_loss AS cover_loss, r.risk_contagion_shared_person AS shared_person
ORDER BY link, way, party_id
LIMIT toInteger($limit)
