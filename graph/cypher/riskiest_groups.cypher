// In which groups does the bank stand to lose most, how likely is any default in them, and who is the worst member?
// $set = "prudent": confirmed, or prudent
// $limit = 20: how many groups
MATCH (g:Group)
WHERE g.group_set = $set AND g.group_scored_by IS NOT NULL
RETURN g.group_id AS group_id, g.group_size AS size, g.group_exposure AS exposure, g.group_worst_id AS worst_id,
       g.group_worst_pd AS worst_pd, g.group_pd_any AS pd_any, g.group_expected_loss AS expected,
       g.group_in_default AS in_default, g.group_unrated AS unrated, g.group_scored_by AS scored_by
ORDER BY expected DESC, group_id
LIMIT toInteger($limit)
