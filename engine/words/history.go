package words

import "postgang/engine/shipment"

// holds are the clauses of why a letter is set aside, as refusals are; a code that refuses too stands there.
var holds = map[string]sentence{
	shipment.HoldWindow: {"has been due for print since {date} and was not sent",
		"er klar for utskrift siden {date} og ikke sendt"},
	shipment.HoldUnheard: {"is due since {date}, and {channel} has not said whether it was read",
		"har forfalt siden {date}, og {channel} har ikke svart på om det er lest"},
	shipment.HoldLevel4: {"demands a log-in of level 4, so that nobody here may see its pages, and would be printed here (vendor {vendor})",
		"krever innlogging på nivå 4, så ingen her får se sidene, og ville blitt skrevet ut her (trykkeri {vendor})"},
	shipment.HoldCost + " day": {"kr {net:kroner} would make kr {sum:kroner} for the day, the cap is kr {limit:kroner} a day",
		"kr {net:kroner} ville bli kr {sum:kroner} for dagen, taket er kr {limit:kroner} per dag"},
	shipment.HoldCost + " account": {"kr {net:kroner} would make kr {sum:kroner} for account {account}, the cap is kr {limit:kroner} a day",
		"kr {net:kroner} ville bli kr {sum:kroner} for konto {account}, taket er kr {limit:kroner} per dag"},
	shipment.HoldCost + " code": {"kr {net:kroner} would make kr {sum:kroner} for konteringskode {konteringskode}, the cap is kr {limit:kroner} a day",
		"kr {net:kroner} ville bli kr {sum:kroner} for konteringskode {konteringskode}, taket er kr {limit:kroner} per dag"},
	shipment.HoldCost + " unpriced": {"the expected cost is not known: a price is missing",
		"ventet kostnad er ikke kjent: en pris mangler"},
	shipment.HoldRestored + " has": {"the vendor has the letter in job {job}",
		"trykkeriet har brevet i jobb {job}"},
	shipment.HoldRestored + " refused": {"the vendor refused job {job}",
		"trykkeriet avviste jobb {job}"},
	shipment.HoldRestored + " maybe": {"may be in job {job} at the vendor",
		"kan være i jobb {job} hos trykkeriet"},
	shipment.HoldRestored + " unreadable": {"may be in a job at the vendor that cannot be read",
		"kan være i en jobb hos trykkeriet som ikke kan leses"},
}

// EventReason words why an event of a shipment's history was, with its code in front where it was set aside or released. What was
// stored as a text is shown as it is.
func EventReason(e shipment.Event, lang Language) string {
	switch e.Kind {
	case shipment.EventHeld:
		if why, ok := e.WhyHeld(); ok {
			return why.Code + ": " + Refusal(why, lang)
		}
	case shipment.EventReleased:
		if n, ok := shipment.ReadNote(e.Reason); ok {
			return n.Code + ": " + note(shipment.Note{Code: releasedCode, Args: n.Args}, lang)
		}
	case shipment.EventStatus, shipment.EventReprint, shipment.EventWithdrawn, shipment.EventPosted, shipment.EventReturned,
		shipment.EventReaddressed, shipment.EventRenewed, shipment.EventSentAgain, shipment.EventReplaces:
		return Why(e.Reason, lang)
	default: // of digital channels: their own words, whatever these look like
	}
	return e.Reason
}
