package settings

import (
	"context"
	"net/http"
	"sync"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
)

// Grade is how grave it is what a checkup has found.
type Grade int

// The grades.
const (
	Fine     Grade = iota // as it should be
	Doubtful              // works, and should be looked at
	Bad                   // does not work
)

// Check is one thing that a checkup has looked at, in Norwegian and without secrets.
type Check struct {
	Grade           Grade
	Name, Text, Fix string
}

// Doctor looks at what the program needs.
type Doctor interface {
	// Checkup looks at everything, which takes seconds to minutes.
	Checkup(ctx context.Context) []Check
	// Keys are the keys and certificates that letters of an account go by, through a vendor, without what is secret of them.
	Keys(account, vendor string) []Key
}

// Key is a key or a certificate.
type Key struct {
	Use, Name string    // what for, in Norwegian, and how it is known
	Until     time.Time // zero: it does not end
	Unusable  bool
}

// keyRow is a key, and how it stands.
type keyRow struct {
	Key
	State page.Tag
}

// endsSoon is how long before its end a key is marked.
const endsSoon = 60 * 24 * time.Hour

// keys are those of an account, each with how it stands.
func (v *request) keys(account, vendor string) (out []keyRow) {
	if v.Doctor == nil {
		return nil
	}
	for _, k := range v.Doctor.Keys(account, vendor) {
		row := keyRow{Key: k, State: page.Tag{Text: "I bruk", Color: "success"}}
		switch left := k.Until.Sub(v.Now()); {
		case k.Unusable:
			row.State = page.Tag{Text: "Kan ikke brukes", Color: "danger"}
		case k.Until.IsZero():
		case left < 0:
			row.State = page.Tag{Text: "Utløpt", Color: "danger"}
		case left < endsSoon:
			row.State = page.Tag{Text: "Utløper snart", Color: "warning"}
		}
		out = append(out, row)
	}
	return out
}

const (
	checkupPath = Path + "/kontroll"
	// checkupTime bounds a checkup.
	checkupTime = 3 * time.Minute
	// checkupWait is how long the answer waits for a checkup to end, which it mostly has by then.
	checkupWait = 10 * time.Second
)

// checkups are those of this program: one at a time, and what came of the last.
type checkups struct {
	mu    sync.Mutex
	done  chan struct{} // of the one that runs; nil: none does
	began time.Time     // when the last one began, and …
	by    string        // … who did that
	ended time.Time     // zero: none has ended yet
	found []Check
}

// begin has a checkup done, unless one is under way; what it gives is closed when that is over.
func (v *request) begin() <-chan struct{} {
	c := v.checkups
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done != nil {
		return c.done
	}
	done := make(chan struct{})
	c.done, c.began, c.by = done, v.Now(), access.By(v.Ctx).String()
	ctx, end := context.WithTimeout(context.WithoutCancel(v.Ctx), checkupTime) // who asked may be gone before it is over
	go func() {
		defer end()
		found := v.Doctor.Checkup(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.found, c.ended, c.done = found, v.Now(), nil
		close(done)
	}()
	return done
}

// checkupPage is what the last checkup has found.
type checkupPage struct {
	None    bool // none was done since the program began
	Running bool
	Began   time.Time
	By      string
	Ended   time.Time
	Sound   bool      // nothing must be mended
	Groups  []checked // the gravest first
}

// checked are things that stand alike.
type checked struct {
	Title string
	Rows  []Check
}

func checkup(v *request) error {
	c := v.checkups
	c.mu.Lock()
	p := checkupPage{None: c.began.IsZero(), Running: c.done != nil, Began: c.began, Ended: c.ended}
	by, found := c.by, c.found
	c.mu.Unlock()
	p.By = v.ByWhom(by)
	if p.Running {
		found = nil
	}
	p.Sound = true
	for _, g := range []struct {
		grade Grade
		title string
	}{{Bad, "Må rettes"}, {Doubtful, "Bør ses på"}, {Fine, "I orden"}} {
		of := checked{Title: g.title}
		for _, f := range found {
			if f.Grade == g.grade {
				of.Rows = append(of.Rows, f)
			}
		}
		if len(of.Rows) > 0 {
			p.Groups = append(p.Groups, of)
			p.Sound = p.Sound && g.grade != Bad
		}
	}
	return v.Show(http.StatusOK, "oppsett", "Kontroll av oppsettet", p)
}

func beginCheckup(v *request) error {
	select {
	case <-v.begin():
	case <-time.After(checkupWait):
	case <-v.Ctx.Done():
	}
	return v.Redirect(checkupPath)
}
