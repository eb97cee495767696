package search

// Few lets a test have indexes walked.
var Few = &few

// NewestQuery is the query of a list.
var NewestQuery = newest

// ByBoth is the choice of the index of account and konteringskode.
const ByBoth = byBoth
