"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const events = data.events; // [at, type, detail, row]
const rows = data.rows; // [label, kind, start, end, event]
const texts = data.texts; // [label, kind, row, [[event, length], ...], text]
const count = events.length;
const LINE = 24, MAX_TEXTS = 20, MAX_CHARS = 20000, MAX_RAW = 200000;
const span = Math.max(rows.reduce((most, row) => Math.max(most, row[3]), 0), count ? events[count - 1][0] : 0, 1e-9);
let selected = Math.max(count - 1, 0);
let timer = 0;

// All text goes through `textContent`; what changes its direction or steers a terminal is shown by its number.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (found) => "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0"));
}
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = visible(String(text));
  return element;
}
function when(at) { return data.timed ? at.toFixed(at < 100 ? 2 : 1) + " s" : String(Math.floor(at) + 1); }
function percent(value) { return (100 * value / span).toFixed(4) + "%"; }

// A list of any length, of which only the lines in sight are in the document.
function list(box, length, draw, choose) {
  const inner = box.appendChild(make("div", "inner"));
  inner.style.height = length * LINE + "px";
  function render() {
    const from = Math.max(0, Math.floor(box.scrollTop / LINE) - 5);
    const to = Math.min(length, from + Math.ceil(box.clientHeight / LINE) + 10);
    const lines = [];
    for (let index = from; index < to; index++) {
      const line = draw(index);
      line.style.top = index * LINE + "px";
      line.style.height = LINE + "px";
      line.dataset.index = index;
      lines.push(line);
    }
    inner.replaceChildren(...lines);
  }
  box.addEventListener("scroll", render, { passive: true });
  box.addEventListener("click", (event) => {
    const line = event.target.closest(".line");
    if (line) choose(Number(line.dataset.index), event);
  });
  new ResizeObserver(render).observe(box);
  return {
    render,
    reveal(index) {
      if (index < 0) return render();
      const top = index * LINE;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + LINE > box.scrollTop + box.clientHeight) box.scrollTop = top + LINE - box.clientHeight;
      render();
    },
  };
}

// The index of the last event up to a place of the timeline.
function eventAt(at) {
  let low = 0, high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (events[middle][0] <= at) low = middle; else high = middle - 1;
  }
  return low;
}

const eventList = list($("events"), count, (index) => {
  const [at, type, detail, row] = events[index];
  const line = make("div", "line" + (index === selected ? " selected" : ""));
  line.setAttribute("role", "option");
  line.setAttribute("aria-selected", String(index === selected));
  line.id = "event-" + index;
  line.append(make("span", "at", when(at)), make("span", "dot kind-" + (row < 0 ? "other" : rows[row][1])),
    make("span", "type", type), make("span", "detail", detail));
  return line;
}, select);

const rowList = list($("rows"), rows.length, (index) => {
  const [label, kind, start, end] = rows[index];
  const line = make("div", "line kind-" + kind + (count && events[selected][3] === index ? " selected" : ""));
  const track = make("span", "track");
  const bar = track.appendChild(make("span", "bar"));
  bar.style.left = percent(start);
  bar.style.width = percent(Math.max(end - start, 0));
  const head = track.appendChild(make("span", "head"));
  head.style.left = percent(count ? events[selected][0] : 0);
  line.title = visible(label) + ", " + (data.timed ? when(start) + " to " + when(end) : "from " + when(start));
  line.append(make("span", "name", label), track);
  return line;
}, (index, event) => {
  const track = event.target.closest(".track");
  if (!track) return select(rows[index][4]);
  const box = track.getBoundingClientRect();
  select(eventAt(span * (event.clientX - box.left) / box.width));
});

function drawAxis() {
  const axis = $("axis"), box = $("rows");
  axis.replaceChildren();
  axis.classList.toggle("marked", data.marks.length > 0);
  // The list may have a scroll bar, which its bars leave out.
  axis.style.marginRight = "";
  axis.style.marginRight = parseFloat(getComputedStyle(axis).marginRight) + box.offsetWidth - 2 - box.clientWidth + "px";
  for (const [from, to, label] of data.marks) {
    const mark = axis.appendChild(make("span", from === to ? "first" : "gap", from === to ? label : undefined));
    if (from === to && from > span / 2) {
      mark.classList.add("flip");
      mark.style.right = percent(span - from);
    } else mark.style.left = percent(from);
    if (from !== to) mark.style.width = percent(to - from);
    mark.title = visible(label);
  }
  const parts = axis.clientWidth < 400 ? 2 : 4;
  for (let part = 0; part <= parts; part++) {
    const tick = axis.appendChild(make("span", part === parts ? "tick last" : "tick"));
    const at = span * part / parts;
    tick.textContent = data.timed ? when(at) : String(Math.round(at));
    if (part === parts) tick.style.right = "0"; else tick.style.left = percent(at);
  }
}

// The length of a text after an event, and after the one before.
function lengthAt(steps, event) {
  let low = 0, high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle][0] <= event) low = middle + 1; else high = middle;
  }
  return low ? steps[low - 1][1] : 0;
}

function drawTexts() {
  const begun = texts.filter((text) => text[3][0][0] <= selected);
  const shown = [];
  if (begun.length > MAX_TEXTS) shown.push(make("p", "note", `${begun.length - MAX_TEXTS} earlier texts are not shown.`));
  for (const [label, kind, , steps, text] of begun.slice(-MAX_TEXTS)) {
    const box = make("div", "text kind-" + kind);
    const body = make("p");
    body.dir = "auto";
    const end = lengthAt(steps, selected), before = lengthAt(steps, selected - 1);
    const start = Math.max(0, end - MAX_CHARS);
    const old = Math.max(before, start);
    body.append((start ? "… " : "") + visible(text.slice(start, old)));
    if (end > old) body.append(make("span", steps.length > 1 ? "now" : "", text.slice(old, end)));
    box.append(make("h3", "", label), body);
    shown.push(box);
  }
  if (!shown.length) shown.push(make("p", "note", "No text yet."));
  const box = $("texts");
  box.replaceChildren(...shown);
  box.scrollTop = box.scrollHeight;
}

function select(index) {
  selected = Math.min(Math.max(index, 0), Math.max(count - 1, 0));
  if (!count) return;
  const [at, type, , row] = events[selected];
  $("slider").value = selected;
  $("place").textContent = `${selected + 1} of ${count}` + (data.timed ? `, ${when(at)}` : "");
  $("slider").setAttribute("aria-valuetext", `${selected + 1} of ${count}, ${type}`);
  const raw = JSON.stringify(data.raw[selected], null, 2);
  $("raw").textContent = visible(raw.slice(0, MAX_RAW)) + (raw.length > MAX_RAW ? "\n…" : "");
  $("raw").scrollTop = 0;
  $("events").setAttribute("aria-activedescendant", "event-" + selected);
  eventList.reveal(selected);
  rowList.reveal(row);
  drawTexts();
}

function play(on) {
  clearInterval(timer);
  timer = 0;
  if (on && count) {
    if (selected === count - 1) select(0);
    // A long stream is played in about fifteen seconds.
    const step = Math.max(1, Math.round(count / 300));
    timer = setInterval(() => {
      select(selected + step);
      if (selected === count - 1) play(false);
    }, 50);
  }
  $("play").textContent = timer ? "Pause" : "Play";
}

const KEYS = {
  ArrowRight: 1, ArrowDown: 1, j: 1, ArrowLeft: -1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20,
  Home: -Infinity, End: Infinity,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const place = event.target.closest("input, button, pre, .texts");
  if (event.key === " " && !(place && place.tagName === "BUTTON")) {
    event.preventDefault();
    play(!timer);
  } else if (event.key in KEYS && !(place && event.key.length > 1)) {
    event.preventDefault();
    play(false);
    const step = KEYS[event.key];
    select(Number.isFinite(step) ? selected + step : step < 0 ? 0 : count - 1);
  }
});

$("title").textContent = visible(data.title);
$("note").textContent = data.note;
for (const [name, value] of data.facts) {
  const fact = $("facts").appendChild(make("div"));
  fact.append(make("dt", "", name), make("dd", "", value));
}
$("slider").max = Math.max(count - 1, 0);
$("slider").addEventListener("input", () => { play(false); select(Number($("slider").value)); });
$("back").addEventListener("click", () => { play(false); select(selected - 1); });
$("next").addEventListener("click", () => { play(false); select(selected + 1); });
$("play").addEventListener("click", () => play(!timer));
$("rows").style.height = Math.min(rows.length * LINE + 2, 240) + "px";
select(selected);
new ResizeObserver(drawAxis).observe($("rows"));
