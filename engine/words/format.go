package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clockForm is how a time is an argument: to the minute, with the offset of Norwegian time. alarm.TimeArg writes it.
const clockForm = "2006-01-02T15:04Z07:00"

// What cannot be read is shown as it is: an alarm is never lost for its form.

func clock(at string, lang Language) string {
	t, err := time.Parse(clockForm, at)
	switch {
	case err != nil:
		return at
	case lang == Norwegian:
		return t.Format("02.01.2006 kl. 15.04")
	}
	return t.Format("2006-01-02 15:04")
}

func duration(d string, lang Language) string {
	parsed, err := time.ParseDuration(d)
	if err != nil || lang == English {
		return d
	}
	var parts []string
	if h := int(parsed.Hours()); h > 0 {
		parts = append(parts, counted(strconv.Itoa(h), "time", "timer"))
	}
	if m := int(parsed.Minutes()) % 60; m > 0 {
		parts = append(parts, counted(strconv.Itoa(m), "minutt", "minutter"))
	}
	if s := int(parsed.Seconds()) % 60; s > 0 || len(parts) == 0 {
		parts = append(parts, counted(strconv.Itoa(s), "sekund", "sekunder"))
	}
	return strings.Join(parts, " og ")
}

var norwegianMonths = [...]string{"januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"}

func month(m string, lang Language) string {
	t, err := time.Parse("2006-01", m)
	if err != nil || lang == English {
		return m
	}
	return fmt.Sprintf("%s %d", norwegianMonths[t.Month()-1], t.Year())
}

// day words a day of the calendar.
func day(d string, lang Language) string {
	t, err := time.Parse(time.DateOnly, d)
	if err != nil || lang == English {
		return d
	}
	return t.Format("02.01.2006")
}

// period words the days from first to last, both counted in; a whole month by its name.
func period(first, last string, lang Language) string {
	f, err := time.Parse(time.DateOnly, first)
	l, err2 := time.Parse(time.DateOnly, last)
	if err == nil && err2 == nil && f.Day() == 1 && l.Equal(f.AddDate(0, 1, -1)) {
		return month(f.Format("2006-01"), lang)
	}
	if lang == English || err != nil || err2 != nil {
		return first + " to " + last
	}
	return f.Format("02.01.2006") + "–" + l.Format("02.01.2006")
}

// kroner words an amount of øre, as money.Ore does.
func kroner(ore string) string {
	n, err := strconv.ParseInt(ore, 10, 64)
	if err != nil {
		return ore
	}
	sign, digits := "", strings.TrimPrefix(strconv.FormatInt(n, 10), "-")
	if n < 0 {
		sign = "-"
	}
	digits = strings.Repeat("0", max(0, 3-len(digits))) + digits
	whole, cents := digits[:len(digits)-2], digits[len(digits)-2:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u00a0" + whole[i:]
	}
	return sign + whole + "," + cents
}

func counted(count, one, many string) string {
	if count == "1" {
		return count + " " + one
	}
	return count + " " + many
}

// strays words how many files, folders and links lie where they should not.
func strays(args map[string]string, lang Language) string {
	var parts []string
	for _, p := range []struct{ arg, en, one, many string }{
		{"files", "files", "fil", "filer"}, {"folders", "folders", "mappe", "mapper"}, {"links", "links", "lenke", "lenker"},
	} {
		switch n := args[p.arg]; {
		case n == "":
		case lang == Norwegian:
			parts = append(parts, counted(n, p.one, p.many))
		default:
			parts = append(parts, n+" "+p.en)
		}
	}
	if lang == Norwegian {
		return strings.Join(parts, " og ")
	}
	return strings.Join(parts, " and ")
}

// strangers words the first of the folders that nobody takes: their names (name1, empty: not to be shown), whether they hold a hand-in
// (hand_in1), and which folder or account may have been meant (folder1, account1); more is how many there are beside.
func strangers(args map[string]string, lang Language) string {
	en := lang == English
	pick := func(english, norwegian string) string {
		if en {
			return english
		}
		return norwegian
	}
	var all []string
	for i := 1; ; i++ {
		nth := strconv.Itoa(i)
		name, ok := args["name"+nth]
		if !ok {
			break
		}
		shown := strconv.Quote(name)
		if name == "" {
			shown = pick("one whose name is not shown", "én der navnet ikke vises")
		}
		var notes []string
		if args["hand_in"+nth] != "" {
			notes = append(notes, pick("a hand-in, and not in the folder of an account", "en innlevering som ikke ligger i mappen til en konto"))
		}
		if meant := args["folder"+nth]; meant != "" {
			notes = append(notes, fmt.Sprintf(pick("%q is meant?", "er det %q som menes?"), meant))
		}
		if meant := args["account"+nth]; meant != "" {
			notes = append(notes, fmt.Sprintf(pick("account %q is meant?", "er det kontoen %q som menes?"), meant))
		}
		if len(notes) > 0 {
			shown += " (" + strings.Join(notes, "; ") + ")"
		}
		all = append(all, shown)
	}
	if len(all) == 0 {
		return ""
	}
	out := ": " + strings.Join(all, ", ")
	if more := args["more"]; more != "" {
		out += fmt.Sprintf(pick(" and %s more", " og %s til"), more)
	}
	return out
}
