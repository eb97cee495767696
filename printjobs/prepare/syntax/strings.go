package syntax

// StringBytes returns the bytes of a string object, unescaped.
func StringBytes(o Object) []byte {
	switch v := o.(type) {
	case StringLiteral:
		return Unescape(string(v))
	case HexLiteral:
		return Unhex(string(v))
	}
	return nil
}

// Unescape resolves the escapes of a literal string (ISO 32000-1 7.3.4.2).
func Unescape(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' {
			// An end of line in a string is one line feed.
			out = append(out, '\n')
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			continue
		}
		if c != '\\' || i+1 == len(s) {
			out = append(out, c)
			continue
		}
		i++
		switch c = s[i]; c {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '\n':
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		default:
			if c < '0' || c > '7' {
				out = append(out, c)
				continue
			}
			n := 0
			for j := 0; j < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; j++ {
				n = n*8 + int(s[i]-'0')
				i++
			}
			i--
			out = append(out, byte(n))
		}
	}
	return out
}

// Unhex reads a hexadecimal string; a missing last digit is 0.
func Unhex(s string) []byte {
	out := make([]byte, 0, len(s)/2+1)
	high, half := byte(0), false
	for i := range len(s) {
		d, ok := HexDigit(s[i])
		if !ok {
			continue
		}
		if half {
			out = append(out, high<<4|d)
		}
		high, half = d, !half
	}
	if half {
		out = append(out, high<<4)
	}
	return out
}
