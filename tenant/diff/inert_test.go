package diff_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"app-to-app/tenant/diff"
)

// hostile are names that a branch may choose to make a comment say or do
// something: notify people, link, show pictures, end a code span, a list, the
// hidden marker or the collapsed part, or look like another name.
var hostile = []string{
	"@everyone", "@org/team", "hello @octocat, please approve", "#1", "org/repo#1", "GH-1", "0123456789abcdef0123456789abcdef01234567",
	"https://example.com", "www.example.com", "http://127.0.0.1/x?y=z", "somebody@example.com", "mailto:somebody@example.com",
	"[click](https://example.com)", "![](https://example.com/x.png)", "[x]: https://example.com", "[x][x]", "<https://example.com>",
	"<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "</details>", "</summary><h1>fine</h1>", "<!-- hidden -->", "-->", "&lt;b&gt; &#64;x &amp;",
	"`", "``", "a`b`c", "`` ` ``", "` @everyone `", "\\`", "\\", "a\\",
	"line\nNobody's access changes.", "line\r\n\r\n# heading", "\u2028- item", "\u2029", "\u0085next", "tab\there", "\x00", "\x1b[31mred",
	"| a | b |\n|---|---|\n| c | d |", "a | b", "- [x] done", "1. one", "> quote", "---", "===", "```\ncode\n```", "~~~", "**bold**", "__bold__", "~~gone~~", ":tada:", "$$x$$", "[^1]",
	"\u202egnitirw", "zero\u200bwidth", "\u2066hidden\u2069", "soft\u00adhyphen", "no\u00a0break", "\ufeff", "оrders-api", "οrders", "ѕecret", "ﬁ", "ｆｕｌｌ", "e\u0301", "🙂",
	" ", "  leading and trailing  ", strings.Repeat("long ", 200), strings.Repeat("`", 500), "\xff\xfe",
}

// reports puts a text into each place of a report that a branch can fill.
func reports(t *testing.T, name string) map[string]string {
	t.Helper()
	const application = "azuread:index/application:Application"
	update := func(name string, old, new object, differs ...string) diff.Preview {
		return previewWith(t, step("update", inClient, application, name, old, new, differs...))
	}
	federated := func(property string) string {
		inputs := object{"applicationId": "x", "issuer": "i", "subject": "s", "audiences": []string{"a"}}
		inputs[property] = name
		return previewWith(t, step("create", inClient, "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential", "f", nil, inputs)).Markdown("dev", diff.Names{})
	}
	assigned := previewWith(t, step("create", inStack, "azuread:index/appRoleAssignment:AppRoleAssignment", "a", nil,
		object{"appRoleId": otherObject, "principalObjectId": otherObject, "resourceObjectId": name}))
	names := func(n diff.Name) diff.Names {
		return diff.Names{otherObject: n}
	}
	all := map[string]string{
		"logical name":      update(name+"x", object{"description": "a"}, object{"description": "b"}, "description").Markdown("dev", diff.Names{}),
		"path of an update": update("a", object{}, object{}, name, "owners").Markdown("dev", diff.Names{}),
		"value":             update("a", object{"signInAudience": "x"}, object{"signInAudience": name}, "signInAudience").Markdown("dev", diff.Names{}),
		"owner":             update("a", object{"owners": []string{}}, object{"owners": []string{name}}, "owners[0]").Markdown("dev", diff.Names{}),
		"subject":           federated("subject"), "issuer": federated("issuer"), "property": federated(name + "x"),
		"resource id":  assigned.Markdown("dev", diff.Names{}),
		"display name": assigned.Markdown("dev", names(diff.Name{Kind: "user", DisplayName: name})),
		"kind":         assigned.Markdown("dev", names(diff.Name{Kind: name, DisplayName: "x"})),
		"type":         previewWith(t, step("create", inStack, "t:"+strings.ReplaceAll(name, "::", "")+"x", "n", nil, object{"a": 1})).Markdown("dev", diff.Names{}),
		"operation":    previewWith(t, step("x"+name, inStack, "t:m:T", "n", nil, object{"a": 1})).Markdown("dev", diff.Names{}),
		"error":        diff.NoComment("dev", fmt.Errorf("expected something, got %s", name)),
		"stack":        update("a", object{}, object{}, "owners").Markdown(name, diff.Names{}),
		"scope": previewWith(t, step("create", inStack, "azure-native:authorization:RoleAssignment", "r", nil,
			object{"scope": "/subscriptions/" + strings.ReplaceAll(name, "/", "") + "x", "roleDefinitionId": name + "x", "principalId": name + "x", "condition": name})).Markdown("dev", diff.Names{}),
	}
	return all
}

// TestNothingInANameIsMarkdown parses comments as GitHub does (CommonMark with the
// GFM extensions), and expects nothing but the report's own skeleton: whatever a
// branch chose is inside code spans, which GitHub neither links nor notifies for.
func TestNothingInANameIsMarkdown(t *testing.T) {
	t.Parallel()
	if len(hostile) < 30 {
		t.Fatalf("got %d strings, want 30 at least", len(hostile))
	}
	for i, name := range hostile {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			t.Parallel()
			for place, comment := range reports(t, name) {
				if problem := outsideOfSpans(comment, skeletonOf(t, place)); problem != "" {
					t.Errorf("%q as %s: %s in:\n%s", name, place, problem, comment)
				}
				if len(comment) > 40_000 {
					t.Errorf("%.20q as %s: got %d bytes", name, place, len(comment))
				}
			}
		})
	}
}

// skeletonOf is what the same report has outside of code spans for a plain name.
func skeletonOf(t *testing.T, place string) string {
	t.Helper()
	_, outside := skeleton(reports(t, "plain")[place])
	return outside
}

func outsideOfSpans(comment, want string) string {
	problem, outside := skeleton(comment)
	if problem == "" && outside != want {
		return fmt.Sprintf("got outside of code spans\n%s\nwant\n%s", outside, want)
	}
	return problem
}

// skeleton parses a comment. It returns what must not be there, and the text
// outside of code spans, without what says that a name was shortened.
func skeleton(comment string) (problem, outside string) {
	source := []byte(comment)
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	var texts bytes.Buffer
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.List, *ast.ListItem, *ast.Heading, *ast.Emphasis:
			if n.Kind() != ast.KindEmphasis {
				texts.WriteString("\n" + n.Kind().String() + " ")
			}
		case *ast.CodeSpan:
			texts.WriteString("•")
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			texts.Write(n.Segment.Value(source))
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				switch html := strings.TrimSpace(string(line.Value(source))); {
				case strings.HasPrefix(html, "<!-- app-to-app tenant diff: ") && strings.Count(html, "--") == 2:
				case strings.HasPrefix(html, "<details><summary>Resources: ") && strings.HasSuffix(html, "</summary>") && strings.Count(html, "<") == 3:
				case html == "</details>", html == "":
				default:
					problem = fmt.Sprintf("HTML %q", html)
				}
			}
		default:
			problem = "a " + n.Kind().String()
		}
		return ast.WalkContinue, nil
	})
	return problem, shortened.ReplaceAllString(texts.String(), "")
}

var shortened = regexp.MustCompile(` \(shortened from [0-9]+ characters\)`)
