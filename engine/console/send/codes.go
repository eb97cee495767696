package send

import (
	"strings"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
)

// mostCodes is how many konteringskoder a form has to choose from: with more, nobody finds one by looking.
const mostCodes = 500

// register is the register of konteringskoder; without codes there is none.
func (v *request) register() (r codes.Register, err error) {
	err = v.View(func(rd *scoped.Reader) error {
		r, err = rd.Codes(v.Ctx)
		return err
	})
	return r, err
}

func (v *request) today() civil.Date { return civil.Of(v.Now(), calendar.Oslo) }

// codeChoices are the codes that may be used today; none where there are too many.
func codeChoices(r codes.Register, today civil.Date) (out []page.Choice) {
	for _, c := range r.Entries() {
		if c.Active(today) {
			out = append(out, page.Choice{Value: c.Code, Text: c.Name})
		}
	}
	if len(out) > mostCodes {
		return nil
	}
	return out
}

// codeNote says what is doubtful about a konteringskode, which is sent all the same: finance decides what is booked on it. Empty:
// nothing, or there is no register to tell by.
func codeNote(r codes.Register, code string, today civil.Date) string {
	if code == "" || r.Len() == 0 || !codes.Valid(code) {
		return ""
	}
	c, known := r.Find(code)
	switch now := r.Now(code, today); {
	case known && c.Active(today):
		return ""
	case known && now != code:
		return "Konteringskoden " + code + " er erstattet av " + now + "."
	case known && c.ValidFrom > today:
		return "Konteringskoden " + code + " gjelder først fra " + c.ValidFrom.Norwegian() + "."
	case known:
		return "Konteringskoden " + code + " gjelder ikke lenger."
	}
	text := "Konteringskoden " + code + " står ikke i kontoplanen."
	if like := r.Suggest(code); len(like) > 0 {
		text += " Mente du " + strings.Join(like, " eller ") + "?"
	}
	return text
}
