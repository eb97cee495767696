package search

// Few lets a test have indexes walked.
var Few = &few

// NewestQuery is the query of a list.
var NewestQuery = newest
