package dockerapi

import (
	"bytes"
	"testing"
)

// FuzzReadMessages reads what an engine may answer, or what is between it and us.
func FuzzReadMessages(f *testing.F) {
	f.Add([]byte(`{"stream":"Step 1"}{"errorDetail":{"message":"no space"},"error":"no space"}`))
	f.Add([]byte(`{"aux":{"ID":"sha256:0"}}` + "\r\n<html>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		count := 0
		err := ReadMessages(bytes.NewReader(data), func(Message) error { count++; return nil })
		if err == nil && count == 0 && len(bytes.TrimSpace(data)) > 0 {
			t.Errorf("%q is neither a message nor an error", data)
		}
	})
}
