// Package printjobs goes from letters to the vendor: it plans which letters
// make a job together ([Plan]), and composes a job into print files, manifest
// and ticket ([Compose]). It binds the packages below it: impose decides what
// stands on which side, cover makes the address page, printfile links the
// prepared pages, exchange words it for the vendor.
//
//	Candidate ──Plan──▶ Planned (class, letters in order) ──▶ Job ──Compose──▶ files of the job
//
// It knows nothing of shipments' archive, databases or money. Plan is pure;
// Compose touches only the folder it is given and the sources it is handed.
package printjobs
