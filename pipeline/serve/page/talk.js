// Questions about a film. What was said is sent along with the next question, and kept in this browser, by film.
import { $, clock, make } from "/page/dom.js";

const film = document.body.dataset.film, MOST = 40, TIME = /\[(?:[^[\]]* )?((?:\d+:)?\d+:\d\d)-(?:\d+:)?\d+:\d\d\]/g;
const seconds = (text) => text.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
let said = [], stopping = null;

const keep = () => {
  try {
    if (said.length) localStorage.setItem(`talk ${film}`, JSON.stringify(said.slice(-MOST)));
    else localStorage.removeItem(`talk ${film}`);
  } catch { /* a browser that keeps nothing: it lasts as long as the page */ }
  $("forget").hidden = !said.length;
};
const link = (start, words) => make("button", words, { type: "button", "data-start": start });

// The answer's times become buttons; where it has none, the moments that were looked at stand below it
const finish = (line, answer, text, told) => {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(TIME)) {
    const exact = told?.citations?.find((one) => `${clock(one.start)}-${clock(one.end)}` === found[0].slice(1, -1).split(" ").pop());
    parts.push(text.slice(at, found.index), link(exact?.start ?? seconds(found[1]), found[0].slice(1, -1)));
    at = found.index + found[0].length;
  }
  answer.replaceChildren(...parts, text.slice(at));
  const looked = told?.looked_at ?? [];
  if (!at && looked.length) {
    const few = looked.filter((_, n) => n % Math.ceil(looked.length / 8) === 0);
    line.append(make("p", "Looked at: ", { class: "times" }));
    line.lastChild.append(...few.map((time) => link(time, clock(time))));
  }
  for (const warning of told?.warnings ?? []) line.append(make("p", warning.message, { class: "note" }));
};

const begin = (question) => {
  const line = make("li", "", { "aria-busy": "true" }), answer = make("p", "", { dir: "auto", class: "answer" });
  line.append(make("strong", question, { dir: "auto" }), answer);
  $("talk").append(line);
  return [line, answer];
};

const turns = (question) => {
  const texts = [...said.flatMap((one) => [one.question, one.text]), question];
  return texts.map((text, n) => ({
    role: n % 2 ? "assistant" : "user",
    content: n ? text : [{ type: "video_url", video_url: { url: `scenescribe:${film}` } }, { type: "text", text }],
  }));
};

async function* chunks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const one of lines) if (one.startsWith("data: ") && one !== "data: [DONE]") yield JSON.parse(one.slice(6));
  }
}

const ask = async (question) => {
  const [line, answer] = begin(question);
  stopping = new AbortController();
  $("stop").hidden = false;
  let text = "", told = null, wrong = "";
  try {
    const body = JSON.stringify({ model: document.body.dataset.model, messages: turns(question), stream: true });
    const got = await fetch("/v1/chat/completions", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: stopping.signal });
    if (!got.ok) throw new Error((await got.json()).error.message);
    for await (const chunk of chunks(got.body)) {
      if (chunk.error) throw new Error(chunk.error.message);
      text += chunk.choices[0]?.delta?.content ?? "";
      answer.textContent = text;
      told = chunk.scenescribe ?? told;
    }
  } catch (error) {
    if (error.name !== "AbortError") wrong = error.message;
  }
  finish(line, answer, text, told);
  if (wrong) line.append(make("p", wrong, { class: "wrong" }));
  else if (text) {
    said.push({ question, text, told });
    keep();
  }
  line.setAttribute("aria-busy", "false");
  $("stop").hidden = true;
  $("asked").textContent = wrong || text; // one announcement, when all of it is there
};

if (film) {
  try { said = JSON.parse(localStorage.getItem(`talk ${film}`)) ?? []; } catch { said = []; }
  for (const one of said) {
    const [line, answer] = begin(one.question);
    finish(line, answer, one.text, one.told);
    line.setAttribute("aria-busy", "false");
  }
  $("forget").hidden = !said.length;
  $("forget").addEventListener("click", () => {
    said = [];
    keep();
    $("talk").replaceChildren();
    $("question").focus();
  });
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = $("question").value.trim();
    if (!question || !$("stop").hidden) return;
    $("question").value = "";
    ask(question);
  });
  $("stop").addEventListener("click", () => stopping?.abort());
}
