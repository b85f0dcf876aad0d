package customhandler

import (
	"encoding/json"
	"net/http"
)

// WriteJSON answers with value as JSON. Answers are for one caller and must not
// be cached.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(`{"error":{"code":"internal_error","message":"the answer could not be written"}}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // fails only if the caller is gone
}

// WriteError answers with {"error":{"code","message"}}: a code for programs
// and one sentence for people, never a cause.
func WriteError(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	WriteJSON(w, status, map[string]problem{"error": {code, message}})
}
