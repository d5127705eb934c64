// Who depends on a firm: whom would its failure hurt, through which link?
// $party_id: the firm depended on
// $limit = 200: how many
MATCH (x:Party {party_id: $party_id})
CALL (x) {
  MATCH (x)<-[r:DEPENDS_ON]-(p:Party) RETURN p, 'depends on it, criterion ' + r.criterion AS through, r.share AS size
  UNION ALL
  MATCH (x)<-[r:GUARANTEES]-(p:Party) RETURN p, 'guarantees its debt' AS through, r.amount AS size
  UNION ALL
  MATCH (x)<-[r:LENDS_TO]-(p:Party) RETURN p, 'lends to it' AS through, r.balance AS size
  UNION ALL
  MATCH (x)<-[r:SUPPLIES]-(p:Party) RETURN p, 'sells to it' AS through, r.receivable AS size
  UNION ALL
  MATCH (x)-[r:SUPPLIES]->(p:Party) RETURN p, 'buys from it' AS through, r.turnover AS size
  UNION ALL
  MATCH (x)<-[r:OWNS]-(p:Party) RETURN p, 'owns it' AS through, r.share AS size
  UNION ALL
  MATCH (x)-[r:OWNS]->(p:Party) RETURN p, 'is owned by it' AS through, r.share AS size
  UNION ALL
  MATCH (x)-[r:GUARANTEES]->(p:Party) RETURN p, 'is guaranteed by it' AS through, r.amount AS size
}
RETURN p.party_id AS party_id, p.name AS name, through, size, p.risk_pd AS risk_pd
ORDER BY through, party_id
LIMIT toInteger($limit)
