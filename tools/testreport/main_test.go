package main

import (
	"strings"
	"testing"
)

const events = `{"ImportPath":"m/broken","Action":"build-output","Output":"broken.go:3:1: syntax error\n"}
{"Action":"run","Package":"m/good","Test":"TestFast"}
{"Action":"output","Package":"m/good","Test":"TestFast","Output":"    fast_test.go:9: chatter\n"}
{"Action":"pass","Package":"m/good","Test":"TestFast","Elapsed":0.1}
{"Action":"output","Package":"m/bad","Test":"TestRows/good","Output":"    rows_test.go:5: a row that passed\n"}
{"Action":"output","Package":"m/bad","Test":"TestRows/bad","Output":"    rows_test.go:7: got 1, want 2\n"}
{"Action":"pass","Package":"m/bad","Test":"TestRows/good","Elapsed":3}
{"Action":"output","Package":"m/good","Output":"PASS\n"}
{"Action":"output","Package":"m/good","Output":"ok  \tm/good\t0.1s\n"}
{"Action":"pass","Package":"m/good","Elapsed":0.1}
{"Action":"fail","Package":"m/bad","Test":"TestRows/bad","Elapsed":2}
{"Action":"fail","Package":"m/bad","Test":"TestRows","Elapsed":5.04}
{"Action":"output","Package":"m/bad","Test":"TestHangs","Output":"panic: test timed out after 1m0s\n"}
{"Action":"output","Package":"m/bad","Output":"FAIL\tm/bad\t60s\n"}
{"Action":"fail","Package":"m/bad","Elapsed":60}
{"Action":"output","Package":"m/cut","Test":"TestCut","Output":"    cut_test.go:2: as far as it came\n"}
go: the command itself crashed
`

const want = `broken.go:3:1: syntax error
ok  	m/good	0.1s
    rows_test.go:7: got 1, want 2
panic: test timed out after 1m0s
FAIL	m/bad	60s
go: the command itself crashed
    cut_test.go:2: as far as it came

slowest tests:
     5.0 s  m/bad TestRows
     0.1 s  m/good TestFast
`

func TestReport(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	if err := report(strings.NewReader(events), &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestTenSlowest(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	many := strings.Repeat(`{"Action":"pass","Package":"m","Test":"Test","Elapsed":1}`+"\n", 12)
	if err := report(strings.NewReader(many), &got); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got.String(), " m Test\n"); n != 10 {
		t.Errorf("got %d tests, want 10:\n%s", n, got.String())
	}
}
