package clientconn

import (
	"strings"
	"testing"
)

func TestLooksLikeHTTP(t *testing.T) {
	t.Parallel()
	for head, want := range map[string][2]bool{
		"":                                 {false, false},
		"GE":                               {false, false},
		"GET /":                            {false, false},
		"GET / HTTP/1.1\r\nHost":           {true, true},
		"GET / HTTP/1.0\n":                 {true, true},
		"M-SEARCH * HTTP/1.1\r\n":          {true, true},
		"GET key\r\n":                      {false, true}, // Redis
		"PRI * HTTP/2.0\r\n\r\nSM\r\n":     {false, true},
		"\x16\x03\x01":                     {false, true}, // TLS
		" GET / HTTP/1.1\r\n":              {false, true},
		"GET /" + strings.Repeat("a", 1e5): {true, true},
	} {
		if http, known := looksLikeHTTP([]byte(head)); http != want[0] || known != want[1] {
			t.Errorf("%.20q: %v, %v, want %v", head, http, known, want)
		}
	}
}

// FuzzLooksLikeHTTP: what is known of the first bytes must hold with the ones behind them.
func FuzzLooksLikeHTTP(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n"), 5)
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\nSM"), 3)
	f.Add([]byte("\x16\x03\x01"), 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		http, known := looksLikeHTTP(data[:min(len(data), max(0, n))])
		if later, still := looksLikeHTTP(data); known && (!still || later != http) && len(data) < maxLine {
			t.Errorf("%q: %v after %d bytes, then %v", data, http, n, later)
		}
	})
}
