package dpi

// ReadReceipt reads either form.
func ReadReceipt(text string) (Receipt, error) {
	if r, err := fromJWT(text); err == nil {
		return r, nil
	}
	return fromJSON([]byte(text))
}
