package arm_test

import "testing"

// The models of Microsoft's npm packages have the entity tag beside the
// properties.
func TestEntityTagOfContainer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deploy()
	shown := w.must(200, "GET", container, "")
	if tag, _ := shown["etag"].(string); tag == "" || at(shown, "properties", "etag") != nil {
		t.Errorf("got etag %v and properties.etag %v, want the first alone", shown["etag"], at(shown, "properties", "etag"))
	}
}
