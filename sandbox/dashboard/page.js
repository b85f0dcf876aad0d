// Replaces the sections that have changed. The rules are: the page is complete
// without this script; what is open stays open, and the focus stays where it is;
// while a text is selected nothing moves.
"use strict";
const parts = document.getElementById("parts");
const said = document.getElementById("said");
const live = document.getElementById("live");
document.getElementById("live-label").hidden = false;
let shown = "";
let text = document.getElementById("picture-text").textContent;

// does is what a button sends. The next button in its place can do something else.
const does = (e) => [...e.form.elements].map((field) => field.value).join(" ");

// replace puts a section in the place of an older one.
function replace(old, section) {
  for (const details of old.querySelectorAll("details[open]")) {
    const again = section.querySelector("#" + CSS.escape(details.id));
    if (again) again.open = true;
  }
  const scrolled = [...old.querySelectorAll(".wide")].map((e) => e.scrollLeft);
  const usable = (e) => [...e.querySelectorAll("a[href], button, summary, [tabindex]")];
  const focus = document.activeElement;
  const focused = usable(old).indexOf(focus);
  old.replaceWith(section);
  section.querySelectorAll(".wide").forEach((e, i) => { e.scrollLeft = scrolled[i] || 0; });
  const again = focused >= 0 && focus.form ? usable(section).find((e) => e.form && does(e) === does(focus)) : usable(section)[focused];
  if (again) again.focus({ preventScroll: true });
}

async function renew() {
  if (!live.checked || document.hidden || !getSelection().isCollapsed) return;
  const response = await fetch(parts.dataset.from);
  if (!response.ok) throw new Error(response.status === 401 ? "the link is void" : "status " + response.status);
  const html = await response.text();
  if (html === shown) return;
  shown = html;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const section of [...fresh.content.children]) {
    const old = parts.querySelector(`[aria-labelledby="${section.getAttribute("aria-labelledby")}"]`);
    if (old.dataset.html === section.outerHTML) continue;
    const html = section.outerHTML;
    replace(old, section);
    section.dataset.html = html;
  }
  const now = document.getElementById("picture-text").textContent;
  if (now !== text) said.textContent = text = now;
}

async function loop() {
  for (;;) {
    await new Promise((done) => setTimeout(done, 1500));
    try {
      await renew();
    } catch (error) {
      said.textContent = "Not live: " + error.message;
    }
  }
}
loop();
