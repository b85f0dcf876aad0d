package appservice_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
)

// entry is one file of a package.
type entry struct {
	name, content string
	mode          fs.FileMode
}

const proxyHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},"enableProxyingHttpRequest":true}}`

func httpFunction(name, trigger string) entry {
	return entry{name + "/function.json", `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"` + trigger + `},{"type":"http","direction":"out","name":"res"}]}`, 0o644}
}

func timerFunction(name, trigger string) entry {
	return entry{name + "/function.json", `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer"` + trigger + `}]}`, 0o644}
}

const open = `,"authLevel":"anonymous"`

// everything answers every path with the handler, without a key.
var everything = httpFunction("Everything", open+`,"route":"{*path}"`)

// standard is a package of the test's handler.
func standard(entries ...entry) []byte { return zipOf(append(base(proxyHost), entries...)...) }

func base(hostJSON string) []entry {
	return []entry{{"host.json", hostJSON, 0o644}, {"handler", string(handlerBinary()), 0o755}}
}

func zipOf(entries ...entry) []byte {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Store}
		header.SetMode(e.mode)
		f, err := archive.CreateHeader(header)
		if err == nil {
			_, err = io.WriteString(f, e.content)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := archive.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
