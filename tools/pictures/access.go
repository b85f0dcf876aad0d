package main

import "fmt"

// This file draws the story of one call: two apps, a token, a decision. It has four
// things in fixed places, so nothing has to be laid out.

const (
	accessWidth = 720.0
	bodySize    = 18.0
	headSize    = 21.0
)

// mostHolders is how many clients the card of Entra names.
const mostHolders = 3

func drawAccess(s story) *picture {
	p := &picture{title: "Who may call " + s.api + ", and who is refused", description: s.describe(), width: accessWidth}
	entra := box{20, 20, accessWidth - 40, 62 + 40*float64(min(len(s.holders), mostHolders+1))}
	top := entra.Y + entra.H + 124 // of the apps
	client, stranger := box{20, top, 224, 116}, box{20, top + 200, 224, 116}
	api := box{468, top, 232, 316}
	p.height = api.Y + api.H + 20

	p.entraCard(s, entra)
	p.tokens(s, entra, client, api)
	p.app("client", client, s.caller.client, "function app", s.caller.identity)
	p.app("plain", stranger, "any other app", "without "+s.caller.role, noTokenFor(s))
	p.gate(s, api)

	p.number("entra", client.X+client.W+26, top+2, 3)
	p.text(style{class: "page-ink", size: bodySize, bold: true}, client.X+client.W+48, top+8, "with the token")
	p.call("client", client, api, s.path)
	p.ticket(client.X+client.W+66, top+62)
	p.answer("yes", client, api, "200 OK")
	p.call("no", stranger, api, s.path)
	p.answer("no", stranger, api, "401 or 403")
	return p
}

func noTokenFor(s story) string {
	if s.required {
		return "gets no token"
	}
	return "or without a token"
}

// entraCard says who holds which role.
func (p *picture) entraCard(s story, b box) {
	p.rect("entra", b, 12, ` stroke-width="2"`)
	p.text(style{class: "entra-ink", size: headSize, bold: true}, b.X+20, b.Y+36, "Microsoft Entra ID")
	p.text(style{class: "entra-soft", size: bodySize, anchor: "end"}, b.X+b.W-20, b.Y+36, "who may call whom")
	for i, h := range s.holders {
		y := b.Y + 80 + 40*float64(i)
		if i == mostHolders {
			p.text(style{class: "entra-soft", size: bodySize}, b.X+20, y, fmt.Sprintf("and %d more", len(s.holders)-mostHolders))
			break
		}
		p.text(style{class: "entra-ink", size: bodySize, room: 226}, b.X+20, y, h.client)
		role := box{b.X + 288, y - 22, 172, 32}
		p.straight("entra", point{role.X - 34, y - 6}, point{role.X, y - 6}, "")
		p.rect("role", role, 16, ` stroke-width="1.5"`)
		p.text(style{class: "role-ink", size: bodySize, bold: true, anchor: "middle", room: role.W - 16}, role.X+role.W/2, y, h.role)
		p.straight("entra", point{role.X + role.W, y - 6}, point{role.X + role.W + 40, y - 6}, "")
		p.text(style{class: "entra-ink", size: bodySize, room: 156}, role.X+role.W+52, y, s.api)
	}
}

// tokens draws what goes between Entra and the apps.
func (p *picture) tokens(s story, entra, client, api box) {
	bottom := entra.Y + entra.H
	left, right := client.X+34, client.X+66
	p.straight("client", point{left, client.Y}, point{left, bottom}, "")
	p.straight("entra", point{right, bottom}, point{right, client.Y}, "")
	p.number("entra", right+32, bottom+40, 1)
	p.text(style{class: "page-ink", size: bodySize, bold: true}, right+54, bottom+46, "token, as itself")
	p.ticket(right, bottom+86)
	p.text(style{class: "page-soft", size: bodySize, room: 330}, right+54, bottom+72, "says "+s.caller.role)

	middle := api.X + 34
	p.straight("entra", point{middle, bottom}, point{middle, api.Y}, ` stroke-dasharray="1 7"`)
	p.number("entra", middle+32, bottom+40, 2)
	p.text(style{class: "page-ink", size: bodySize, bold: true}, middle+54, bottom+46, "public keys")
	p.text(style{class: "page-soft", size: bodySize}, middle+54, bottom+72, "to check it")
}

// number draws the number of a step.
func (p *picture) number(name string, x, y float64, n int) {
	p.rect(name, box{x - 15, y - 15, 30, 30}, 15, ` stroke-width="1.5"`)
	p.text(style{class: name + "-ink", size: 17, bold: true, anchor: "middle"}, x, y+6, fmt.Sprint(n))
}

// app is a card with a name and two lines.
func (p *picture) app(name string, b box, title, first, second string) {
	p.rect(name, b, 12, ` stroke-width="2"`)
	p.text(style{class: name + "-ink", size: headSize, bold: true, room: b.W - 30}, b.X+18, b.Y+38, title)
	p.text(style{class: name + "-soft", size: bodySize, room: b.W - 18}, b.X+18, b.Y+70, first)
	p.text(style{class: name + "-soft", size: bodySize, room: b.W - 18}, b.X+18, b.Y+96, second)
}

// gate is the API, which decides.
func (p *picture) gate(s story, b box) {
	p.rect("api", b, 12, ` stroke-width="2"`)
	p.text(style{class: "api-ink", size: headSize, bold: true, room: b.W - 36}, b.X+24, b.Y+38, s.api)
	p.text(style{class: "api-soft", size: bodySize}, b.X+24, b.Y+70, "function app")
	p.text(style{class: "api-ink", size: bodySize, bold: true}, b.X+24, b.Y+130, "Is the token")
	for i, check := range []string{"signed by Entra?", "for this API?", "with the role", s.caller.role + "?"} {
		y := b.Y + 168 + 36*float64(i)
		if i < 3 {
			p.line("api", fmt.Sprintf("M%s %sl5 6l10 -13", short(b.X+25), short(y-6)), "")
		} else {
			y -= 8
		}
		p.text(style{class: "api-ink", size: bodySize, room: b.W - 56}, b.X+52, y, check)
	}
	// The side that calls come from.
	fmt.Fprintf(&p.body, "<rect class=\"api-head\" x=\"%s\" y=\"%s\" width=\"8\" height=\"%s\" rx=\"4\"/>\n", short(b.X-4), short(b.Y+18), short(b.H-36))
}

// call is the arrow of a request.
func (p *picture) call(name string, from, to box, path string) {
	y := from.Y + 62
	start, end := from.X+from.W, to.X-4
	p.straight(name, point{start, y}, point{end, y}, "")
	p.text(style{class: "page-ink", size: bodySize, anchor: "middle", room: end - start - 12}, (start+end)/2, y-20, "GET "+path)
}

// answer is the arrow of a response, with the status in a box of its colour.
func (p *picture) answer(name string, to, from box, status string) {
	y := to.Y + 99
	start, end := from.X-4, to.X+to.W
	p.straight(name, point{start, y}, point{end, y}, "")
	b := box{(start+end)/2 - 78, y - 17, 156, 34}
	p.rect(name, b, 17, ` stroke-width="1.5"`)
	p.text(style{class: name + "-ink", size: bodySize, bold: true, anchor: "middle"}, b.X+b.W/2, b.Y+23, status)
}

// ticket draws a token that is on its way.
func (p *picture) ticket(x, y float64) {
	p.rect("role", box{x - 17, y - 11, 34, 22}, 4, ` stroke-width="1.5"`)
	fmt.Fprintf(&p.body, "<circle class=\"role-head\" cx=\"%s\" cy=\"%s\" r=\"4\"/>\n", short(x-7), short(y))
	p.line("role", fmt.Sprintf("M%s %sh9", short(x+2), short(y)), "")
}
