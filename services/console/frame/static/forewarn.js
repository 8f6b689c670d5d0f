// What an open page does by itself: it stays current, keeps what one types, and listens to keys. Without it every page still works.
const body = document.body, main = document.getElementById("main"), prefix = body.dataset.prefix;
const byId = (id) => document.getElementById(id);
const clock = (moment) => new Date(moment).toISOString().slice(11, 19);

// ── the event stream: one a visible tab ──────────────────────────────────────────────────────
const EVERY = 1000, WORDS = 30000, AGAIN = 5000; // milliseconds: between two drawings, until "4 min ago" is said anew, until a lost stream is tried again
let source = null, last = body.dataset.since, lostAt = null, retry = null;
let stopped = sessionStorage.getItem("stopped") === "yes";

function open() {
  if (!body.dataset.live || source || document.hidden) return;
  const keys = encodeURIComponent(stopped ? ERASED : body.dataset.live); // a page that stands still lets go of who was erased, too
  source = new EventSource(`${prefix}/live?keys=${keys}&since=${last}`);
  for (const name of ["changed", "anew", "pulse"]) source.addEventListener(name, heard);
  source.onerror = lost;
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function heard(event) {
  const { keys, at, behind } = JSON.parse(event.data);
  last = event.lastEventId;
  found();
  if (!stopped) current(at);
  byId("behind").textContent = behind >= 2 ? `behind by ${Math.round(behind)} s` : "";
  if (event.type === "anew" || keys.includes(ERASED)) want(null, true);
  else if (event.type === "changed") want(keys);
}

async function lost() {
  lostAt ??= Date.now();
  if (source?.readyState === EventSource.CLOSED) { // refused: nobody is signed in, or a browser has as many streams as its connections allow
    close();
    retry = setTimeout(open, AGAIN);
    const { status } = await ask("").catch(() => ({}));
    if (status < 500) return status === 401 ? signedOut() : found(want(null, true)); // without a stream the page asks
  }
  banner(`Not live since ${clock(lostAt)}; trying again.`);
}

function found() {
  lostAt = null;
  banner(stopped ? "Live updates are stopped." : "");
}

function signedOut() {
  close();
  lostAt = null;
  banner("You are signed out. What you typed stays here; sign in in another tab, then come back to this one.");
}

function banner(words) {
  const place = byId("lost");
  if (place && place.textContent !== words) Object.assign(place, { textContent: words, hidden: !words });
}

const current = (moment) => Object.assign(byId("as-of"), { dateTime: moment, textContent: clock(moment) });

function stopOrGoOn() {
  stopped = !stopped;
  sessionStorage.setItem("stopped", stopped ? "yes" : "no");
  showStop();
  close();
  open();
  if (!stopped) want(null);
}

function showStop() {
  const button = byId("stop");
  if (!button || !body.dataset.live) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(stopped));
  button.textContent = stopped ? "Go on with live updates" : "Stop live updates";
  banner(stopped ? "Live updates are stopped." : "");
}

// ── drawing: regions are fetched and worked into the page ────────────────────────────────────
const wanted = new Set(), ERASED = "erased", FRAME = "frame"; // FRAME: what stands around every page has changed, and nothing on it
let timer = null, drawnAt = 0, drawing = false, held = false, moving = false; // moving: rows move, wherever the pointer is

const regions = () => [...document.querySelectorAll("[data-region]")];
const ask = (names) => fetch(body.dataset.page ?? location.href, { headers: { "Forewarn-Regions": names }, cache: "no-store", redirect: "manual" });

function want(keys, move = false) {
  moving ||= move;
  for (const region of regions()) {
    const on = region.dataset.on?.split(" ");
    if (!keys || (on ?? keys).some((key) => keys.includes(key) && (on || key !== FRAME))) wanted.add(region.dataset.region);
  }
  timer ??= setTimeout(draw, Math.max(0, drawnAt + EVERY - Date.now()));
}

async function draw() {
  if (drawing || !wanted.size) return;
  drawing = true;
  const names = [...wanted], again = () => names.forEach((name) => wanted.add(name));
  wanted.clear();
  try {
    const answer = await ask(names.join(" "));
    if (answer.ok) show(await answer.text(), names, answer.headers.get("Forewarn-As-Of"));
    else if (answer.status === 401) signedOut();
    else if (answer.status === 404 || answer.type === "opaqueredirect") location.reload(); // what the page shows is gone: nothing of it may stay
    else if (answer.status >= 500) again();
  } catch {
    again(); // the server is away; what was missed is drawn when it is back
  }
  [drawing, timer, drawnAt] = [false, null, Date.now()];
  if (wanted.size) timer = setTimeout(draw, EVERY);
}

function show(html, names, at) {
  const drawn = new DOMParser().parseFromString(html, "text/html");
  const places = names.map((name) => [document, drawn].map((page) => page.querySelector(`[data-region="${CSS.escape(name)}"]`)));
  if (places.some(([old, fresh]) => old && !fresh)) return location.reload(); // it has become another page
  const anchor = main.querySelector(":focus") ?? [...main.querySelectorAll(":hover")].pop();
  const top = anchor?.getBoundingClientRect().top;
  held = false;
  for (const [old, fresh] of places.filter(([old]) => old)) {
    if (!moving) hold(old, fresh);
    morph(old, document.adoptNode(fresh));
  }
  moving = false;
  if (!held) byId("news")?.remove();
  if (anchor?.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
  if (at) current(at);
}

const keyOf = (node) => node.id || node.dataset?.row || (/^(TR|LI)$/.test(node.nodeName) ? node.querySelector("a[href]")?.getAttribute("href") : "");

/** Makes the old element what the fresh one is, and keeps what stays: focus, selection, scrolling, what is folded open. */
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const folds = old.nodeName === "DETAILS";
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !(folds && name === "open")) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !(folds && name === "open")) old.setAttribute(name, value);
  morphInside(old, fresh);
}

function morphInside(old, fresh) {
  const coming = new Set([...fresh.children].map(keyOf).filter(Boolean));
  const known = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key && coming.has(key) && !known.has(key)) known.set(key, child);
    else if (key) child.remove();
  }
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = keyOf(node);
    const same = key ? known.get(key) : at && !keyOf(at) && at.nodeName === node.nodeName ? at : null;
    known.delete(key);
    if (same && same === at) at = at.nextSibling;
    else old.insertBefore(same ?? node, at);
    if (same) morph(same, node);
  }
  for (let next; at; at = next) {
    next = at.nextSibling;
    at.remove();
  }
}

// ── lists: rows do not move under the pointer or the focus ───────────────────────────────────
const lists = (place) => [...place.querySelectorAll('[data-keys="list"]')];
const rows = (list) => [...list.querySelectorAll(":scope > li, :scope > tbody > tr, :scope > tr")];

function hold(old, fresh) {
  const coming = lists(fresh);
  lists(old).forEach((list, index) => {
    const other = coming[index];
    if (!other || !(list.matches(":hover") || list.contains(document.activeElement))) return;
    const here = rows(list), there = new Map(rows(other).map((row) => [keyOf(row), row]));
    if (here.length === there.size && here.map(keyOf).join("\n") === [...there.keys()].join("\n")) return;
    for (const row of here) if (there.has(keyOf(row))) morph(row, there.get(keyOf(row)).cloneNode(true));
    other.replaceWith(list.cloneNode(true));
    const known = new Set(here.map(keyOf));
    news([...there.keys()].filter((key) => !known.has(key)).length);
  });
}

function news(count) {
  held = true;
  const button = byId("news") ?? body.appendChild(Object.assign(document.createElement("button"), { id: "news", className: "pill news", type: "button" }));
  button.textContent = count ? `${count} new: show` : "The list has changed: show";
  button.onclick = () => draw(want(null, true));
}

// ── what one types ───────────────────────────────────────────────────────────────────────────
const unsaved = new Map(); // of text fields, the timer that saves each
const fields = (place) => [...place.querySelectorAll("[data-draft]")];
const draftOf = (field) => new URLSearchParams({ place: field.dataset.draft, text: field.value, form_id: field.form?.elements.form_id?.value ?? "" });

function draft(field, after = 800) {
  forget(field);
  if (field.form && "sent" in field.form.dataset) return;
  unsaved.set(field, setTimeout(() => save(field), after));
}

function forget(field) {
  sessionStorage.removeItem(field.dataset.draft);
  clearTimeout(unsaved.get(field));
  unsaved.delete(field);
}

async function save(field) {
  forget(field);
  const answer = await fetch(`${prefix}/drafts`, { method: "POST", body: draftOf(field), redirect: "manual" }).catch(() => null);
  if (answer?.status === 401) signedOut();
  else if ((!answer || answer.status >= 500) && !unsaved.has(field)) draft(field, AGAIN);
}

function leave() {
  close();
  for (const field of [...unsaved.keys()]) {
    navigator.sendBeacon(`${prefix}/drafts`, draftOf(field));
    forget(field);
    sessionStorage.setItem(field.dataset.draft, JSON.stringify([Date.now(), field.value])); // the next page may be drawn before that arrives
  }
}

for (const field of fields(document)) {
  const [at, text] = JSON.parse(sessionStorage.getItem(field.dataset.draft) ?? "[0]");
  if (Date.now() - at < 10000) draft(Object.assign(field, { value: text }));
}
for (const name of Object.keys(sessionStorage)) if (name !== "stopped") sessionStorage.removeItem(name); // of tickets that are left

document.addEventListener("input", ({ target }) => target.dataset.draft && draft(target));

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || event.submitter?.formTarget) return; // what is drawn in a frame may be asked for again
  if ("sent" in form.dataset) return event.preventDefault();
  fields(form).forEach(forget);
  if (unsaved.size && !form.dataset.saved) { // signing out, for one: what was typed is saved before
    event.preventDefault();
    form.dataset.saved = "yes";
    return Promise.all([...unsaved.keys()].map(save)).then(() => form.requestSubmit(event.submitter));
  }
  form.dataset.sent = "";
  setTimeout(() => delete form.dataset.sent, 10000); // an answer that is no page, or none
});

// ── keys ─────────────────────────────────────────────────────────────────────────────────────
const visible = (selector) => [...document.querySelectorAll(selector)].find((each) => each.checkVisibility());
let going = 0;

function step(by) {
  const all = lists(main).flatMap(rows).filter((row) => row.querySelector("a[href]"));
  const at = all.findIndex((row) => row.contains(document.activeElement) || (document.activeElement === body && row.matches(".here")));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  all.forEach((row) => row.classList.toggle("here", row === next));
  next.querySelector("a[href]").focus();
}

function press(element) {
  if (!element) return false;
  element.matches("input, textarea, select") ? element.focus() : element.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "Escape") return field?.blur();
  if (field || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const gone = event.timeStamp < going;
  going = 0;
  if (gone) press(document.querySelector(`[data-go="${CSS.escape(event.key)}"]`));
  else if (event.key === "g") going = event.timeStamp + 1500;
  else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.key.length !== 1 || !press(visible(`[data-key="${CSS.escape(event.key)}"]`))) return;
  event.preventDefault();
});

document.querySelector(".who .keys")?.addEventListener("click", (event) => {
  event.preventDefault();
  byId("keys").showModal();
});

// ── the page comes and goes ──────────────────────────────────────────────────────────────────
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : open()));
addEventListener("pagehide", leave);
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  open();
});
setInterval(() => source && !stopped && body.dataset.live !== `${ERASED} ${FRAME}` && want(null), WORDS);
byId("stop")?.addEventListener("click", stopOrGoOn);
document.querySelector('main [role="alert"][tabindex]')?.focus();
showStop();
open();
