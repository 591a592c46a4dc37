// What is seen in each stream now. Texts are put in as text; the picture has none of its own, since the text says what is in it.
import { $ } from "/page/dom.js";

const cards = new Map([...document.querySelectorAll("[data-stream]")].map((card) => [card.dataset.stream, card]));
const events = new EventSource("/v1/streams/-/events");
events.onopen = () => { $("connection").textContent = "connected"; };
events.onerror = () => { $("connection").textContent = "connection lost; trying again"; };
events.addEventListener("caption", (message) => {
  const event = JSON.parse(message.data), card = cards.get(event.stream);
  if (!card || !event.text) return;
  card.querySelector(".said").textContent = event.text;
  card.querySelector("img").src = `/v1/streams/${encodeURIComponent(event.stream)}/picture?${event.id}`;
});
events.addEventListener("source", (message) => {
  const event = JSON.parse(message.data), card = cards.get(event.stream);
  if (card) card.querySelector(".state").textContent = event.reason ? `${event.state} (${event.reason})` : event.state;
});
