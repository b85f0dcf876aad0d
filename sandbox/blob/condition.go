package blob

import (
	"net/http"
	"strconv"
	"strings"

	"app-to-app/sandbox/store"
)

// A condition is the If-Match and If-None-Match of a request.
// learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
type condition struct{ match, noneMatch string }

func conditions(r *http.Request) condition {
	return condition{r.Header.Get("If-Match"), r.Header.Get("If-None-Match")}
}

// write checks the condition before a change.
func (c condition) write(b store.Blob, exists bool) error {
	switch {
	case c.match != "" && (!exists || c.match != "*" && c.match != b.ETag):
		return errCondition
	case c.noneMatch == "*" && exists:
		return errExists
	case c.noneMatch != "" && exists && c.noneMatch == b.ETag:
		return errCondition
	}
	return nil
}

// readable checks the condition before reading, which gets 304 where a write
// would be refused.
func readable(r *http.Request, b store.Blob) error {
	c := conditions(r)
	switch {
	case c.match != "" && c.match != "*" && c.match != b.ETag:
		return errCondition
	case c.noneMatch == "*" || c.noneMatch != "" && c.noneMatch == b.ETag:
		return errUnchanged
	}
	return nil
}

// byteRange is the range asked for; the service prefers its own header.
func byteRange(r *http.Request) string {
	if own := r.Header.Get("x-ms-range"); own != "" {
		return own
	}
	return r.Header.Get("Range")
}

// cut turns bytes=a-b or bytes=a- into a start and a length. The service knows
// no other forms: learn.microsoft.com/rest/api/storageservices/specifying-the-range-header-for-blob-service-operations.
func cut(header string, size int64) (start, length int64, err error) {
	first, last, ok := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	start, err = strconv.ParseInt(first, 10, 64)
	if !ok || err != nil || start < 0 || start >= size {
		return 0, 0, errRange
	}
	end := size - 1
	if last != "" {
		if end, err = strconv.ParseInt(last, 10, 64); err != nil || end < start {
			return 0, 0, errRange
		}
	}
	return start, min(end, size-1) - start + 1, nil
}
