package alarm

import "strconv"

// Cause is what of ours keeps letters from being prepared: letters with the same cause have one alarm.
type Cause string

// The causes of letters that cannot be prepared.
const (
	CauseSpace     Cause = "space"     // a disk is full
	CauseDocuments Cause = "documents" // documents cannot be read or stored
	CauseWorker    Cause = "worker"    // the guarded process did not do it
	CauseOther     Cause = "other"
)

// KindUnprepared begins the keys of the alarms of letters that cannot be prepared: then the cause.
const KindUnprepared = "prepare:"

// Unprepared are the letters that cannot be prepared for one cause.
type Unprepared struct {
	Cause Cause
	// Again: they were prepared, and are due with a file by other rules than those of today.
	Again   bool
	Letters int
	// One of them, and what was said when it was tried last.
	Shipment, Why string
}

// Key is that of their alarm.
func (u Unprepared) Key() string {
	if u.Again {
		return KindUnprepared + string(u.Cause) + ":again"
	}
	return KindUnprepared + string(u.Cause)
}

// Args are those of their alarm.
func (u Unprepared) Args() Args {
	args := Args{"case": "new", "obstacle": string(u.Cause), "letters": strconv.Itoa(u.Letters), "shipment": u.Shipment, "why": u.Why}
	if u.Again {
		args["case"] = "again"
	}
	return args
}
