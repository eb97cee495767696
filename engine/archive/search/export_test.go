package search

// Few lets a test have indexes walked.
var Few = &few
