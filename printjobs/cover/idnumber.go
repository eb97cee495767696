package cover

// maskedNumber stands on paper where a title held a fødselsnummer.
const maskedNumber = "***********"

// findIDNumber looks for a fødselsnummer or D-number in text: eleven digits in one run, or six and five with one space
// or hyphen between, as people write them. It returns the half-open byte range of the first.
func findIDNumber(s string) (start, end int, found bool) {
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		run := i
		for run < len(s) && isDigit(s[run]) {
			run++
		}
		switch {
		case run-i == 11 && validIDNumber(s[i:run]):
			return i, run, true
		case run-i == 6 && run < len(s) && (s[run] == ' ' || s[run] == '-'):
			rest := run + 1
			for rest < len(s) && isDigit(s[rest]) {
				rest++
			}
			if rest-run-1 == 5 && validIDNumber(s[i:run]+s[run+1:rest]) {
				return i, rest, true
			}
		}
		i = run
	}
	return 0, 0, false
}

// maskIDNumbers replaces every fødselsnummer and D-number in s and says whether there was one.
func maskIDNumbers(s string) (string, bool) {
	masked := false
	for {
		start, end, found := findIDNumber(s)
		if !found {
			return s, masked
		}
		s = s[:start] + maskedNumber + s[end:]
		masked = true
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// validIDNumber tells whether eleven digits can be a fødselsnummer or D-number: day and month exist (also with the offsets
// of D-numbers and of synthetic numbers) and the check digits agree, by today's rule or by that for numbers given from 2032
// (Skatteetaten, nyttfnr2032: the first remainder may then be 0 to 3). It errs to the side of privacy: a number that only
// looks like one is treated as one.
func validIDNumber(digits string) bool {
	var d [11]int
	for i := range d {
		d[i] = int(digits[i] - '0')
	}
	day, month := d[0]*10+d[1], d[2]*10+d[3]
	if day > 40 {
		day -= 40 // D-number
	}
	switch { // synthetic: Tenor +80, Norsk helsenett +65, education +50, Dolly and H-numbers +40
	case month > 80:
		month -= 80
	case month > 65:
		month -= 65
	case month > 50 && month <= 62:
		month -= 50
	case month > 40:
		month -= 40
	}
	if day < 1 || day > 31 || month < 1 || month > 12 {
		return false
	}
	weights1 := [10]int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1}
	weights2 := [11]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}
	var sum1, sum2 int
	for i, w := range weights1 {
		sum1 += w * d[i]
	}
	for i, w := range weights2 {
		sum2 += w * d[i]
	}
	return sum1%11 <= 3 && sum2%11 == 0
}
