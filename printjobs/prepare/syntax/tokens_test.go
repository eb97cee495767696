package syntax

import "testing"

// TestOnlySpaces: what shows brackets of either kind shows something, alone and among the numbers of an array.
func TestOnlySpaces(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"() Tj": true, "(   ) Tj": true, "<> Tj": true, "< > Tj": true, "[] TJ": true, "Tj": true, "0 0 ( ) \"": true,
		"[( ) -120 (  ) 3.5 <>] TJ": true, "[-3] TJ": true, "[ % (a)\n ( ) ] TJ": true,
		"(a) Tj": false, "( a ) Tj": false, "<41> Tj": false, "[( ) -120 (a)] TJ": false, "[<41> 3] TJ": false, "0 0 (a) \"": false,
		"(()) Tj": false, "( () ) Tj": false, "(\\)) Tj": false, "(<>) Tj": false, "[(()) -20 ( )] TJ": false, "[(\\() 4 (\\))] TJ": false,
		"[(<) -20 (>)] TJ": false, "[(>) 3] TJ": false, "[( ) 3 (<<>>)] TJ": false,
		"[[(a)]] TJ": false, "[/A] TJ": false,
	} {
		tk := &Tokens{Data: []byte(content)}
		tk.Next()
		if got := tk.OnlySpaces(); got != want {
			t.Errorf("%s: %v", content, got)
		}
	}
}
