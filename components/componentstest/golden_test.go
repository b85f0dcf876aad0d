package componentstest

import "testing"

func TestDifference(t *testing.T) {
	t.Parallel()
	const want = "site one\n  a 1\n  b 2\n\nsite two\n  a 1\n  b 2\n"
	for _, tt := range []struct{ name, got, want string }{
		{"none", want, ""},
		{"another value", "site one\n  a 1\n  b 2\n\nsite two\n  a 2\n  b 2\n", "differs from line 6, in site two\n-   a 1\n+   a 2"},
		{"a line more", "site one\n  a 1\n  b 2\n  c 3\n\nsite two\n  a 1\n  b 2\n", "differs from line 4, in site one\n+   c 3"},
		{"a line less", "site one\n  b 2\n\nsite two\n  a 1\n  b 2\n", "differs from line 2, in site one\n-   a 1"},
		{"the end missing", "site one\n  a 1\n  b 2\n", "differs from line 5, in site one\n- site two\n-   a 1\n-   b 2\n- "},
		{"all other", "x\n1\n2\n3\n4\n5\n6\n7\n", "differs from line 1\n- site one\n-   a 1\n-   b 2\n- \n- site two\n-   a 1\n- ... 1 more lines\n+ x\n+ 1\n+ 2\n+ 3\n+ 4\n+ 5\n+ ... 2 more lines"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := difference(want, tt.got); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
