// Which clients above 5 % of Tier 1 have no reviewed answer on economic dependence?
// $part = 0.05: of Tier 1
MATCH (c:Capital {kind: 'tier1'})
MATCH (p:Party)
WHERE p.group_exposure > $part * c.amount
  AND NOT EXISTS { MATCH (p)-[:HAS_REVIEW]->(r:Review) WHERE r.link = 'depends_on' }
  AND NOT EXISTS { MATCH (p)<-[:REVIEWS]-(r:Review) WHERE r.link = 'depends_on' }
RETURN p.party_id AS party_id, p.name AS name, p.group_exposure AS exposure, p.group_exposure / c.amount AS of_tier1
ORDER BY exposure DESC, party_id
