"use strict";
// Texts come from a model that reads pictures: they are put in as text, never as markup.
const now = document.getElementById("now"), before = document.getElementById("before");
const connection = document.getElementById("connection"), MOST = 200;
const lines = new Map(), pictures = new Map();

function line(event, kind) {
  const element = document.createElement(kind), time = document.createElement("time"), name = document.createElement("b");
  const at = event.utc_end || "";
  time.dateTime = at;
  time.textContent = at ? new Date(at).toLocaleTimeString() : "";
  name.textContent = event.stream;
  element.append(time, name, event.event === "caption" ? event.text : `${Math.round(event.end - event.start)} s not described: ${event.reason}`);
  if (event.event !== "caption") element.className = "gap";
  return element;
}

function keep(event) {
  before.prepend(line(event, "li"));
  while (before.children.length > MOST) before.lastChild.remove();
}

// A stream: the picture that is told of, and beside it the text. The text says what is in the picture, so the picture has no other.
function card(stream) {
  const element = document.createElement("div"), picture = document.createElement("img");
  picture.alt = "";
  element.className = "stream";
  element.append(picture);
  now.append(element);
  pictures.set(stream, picture);
  return element;
}

const source = new EventSource("events");
source.onopen = () => { connection.textContent = "connected"; };
source.onerror = () => { connection.textContent = "connection lost; trying again"; };
source.addEventListener("caption", (message) => {
  const event = JSON.parse(message.data);
  if (!event.text) return;
  const element = line(event, "p"), old = lines.get(event.stream);
  if (old) old.replaceWith(element); else card(event.stream).append(element);
  lines.set(event.stream, element);
  pictures.get(event.stream).src = `picture/${encodeURIComponent(event.stream)}?${event.id}`;
  keep(event);
});
source.addEventListener("gap", (message) => keep(JSON.parse(message.data)));
source.addEventListener("source", (message) => {
  const event = JSON.parse(message.data);
  connection.textContent = `${event.stream}: ${event.state}${event.reason ? ` (${event.reason})` : ""}`;
});
