package sums

// PostedQuery is the query of what was posted in whole months.
var PostedQuery = postedQuery
