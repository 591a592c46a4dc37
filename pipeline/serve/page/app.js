// One module for all pages: each part looks for its own elements.
const $ = (id) => document.getElementById(id);
const clock = (s) => {
  const whole = Math.floor(s), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
};
const make = (tag, text, values = {}) => {
  const made = document.createElement(tag);
  made.textContent = text; // whatever a model or a file name says is text
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  return made;
};
const api = async (path, body) => {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
};

async function strip() {
  try {
    const now = await (await fetch("/readyz")).json();
    const parts = [`${now.model}: ${now.engine}`];
    if (now.waiting_for) parts.push(now.waiting_for.message);
    if (now.windows_per_second) parts.push(`${now.windows_per_second} windows/s`);
    if (now.requests.in_flight) parts.push(`${now.requests.in_flight} at the model`);
    if (now.jobs.queued) parts.push(`${now.jobs.queued} jobs waiting`);
    $("engine").textContent = parts.join(" · ");
  } catch { $("engine").textContent = "the service does not answer"; }
}
if ($("engine")) { strip(); setInterval(strip, 3000); }

// Sending a film
const upload = $("upload");
if (upload) {
  const send = (file) => {
    const request = new XMLHttpRequest();
    $("sent").hidden = false;
    $("said").textContent = `sending ${file.name}`;
    request.upload.onprogress = (event) => { $("sent").value = 100 * event.loaded / event.total; };
    request.onerror = () => { $("said").textContent = "the connection broke; send it again"; };
    request.onload = async () => {
      try {
        const told = JSON.parse(request.responseText);
        if (told.error) throw new Error(told.error.message);
        await api("/v1/jobs", { film: told.id, task: "caption" });
        location.assign(`/films/${told.id}`);
      } catch (error) { $("said").textContent = error.message; $("sent").hidden = true; }
    };
    request.open("PUT", `/v1/files/${encodeURIComponent(file.name.replaceAll("/", "_"))}`);
    request.send(file);
  };
  upload.addEventListener("submit", (event) => { event.preventDefault(); if ($("file").files[0]) send($("file").files[0]); });
  upload.addEventListener("dragover", (event) => { event.preventDefault(); upload.classList.add("over"); });
  upload.addEventListener("dragleave", () => upload.classList.remove("over"));
  upload.addEventListener("drop", (event) => {
    event.preventDefault();
    upload.classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
}

// A film
const video = $("video"), film = document.body.dataset.film, list = $("transcript");
if (film) {
  const seek = (time) => { video.currentTime = time; video.focus(); };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-start]");
    if (button) seek(Number(button.dataset.start));
  });
  video.addEventListener("error", () => { $("unplayable").hidden = false; });
  const begin = new URLSearchParams(location.hash.slice(1)).get("t");
  if (begin) video.addEventListener("loadedmetadata", () => { video.currentTime = Number(begin); }, { once: true });
  for (const track of video.textTracks) if (track.kind === "descriptions") track.mode = "hidden";

  let shown = null, resume = false;
  const follow = () => {
    const at = video.currentTime;
    const now = [...list.querySelectorAll("button")].find((one) => Number(one.dataset.start) <= at && at < Number(one.dataset.end));
    if (now === shown) return;
    shown?.removeAttribute("aria-current");
    shown = now ?? null;
    const text = now ? now.querySelector("span").textContent : "";
    $("now").textContent = text;
    if (!now) return;
    now.setAttribute("aria-current", "true");
    const box = list.getBoundingClientRect(), line = now.getBoundingClientRect();
    if (line.top < box.top || line.bottom > box.bottom) list.scrollTop += line.top - box.top - box.height / 3;
    if ($("read").value === "screen") $("live").textContent = text;
    if ($("read").value === "speech" && "speechSynthesis" in window && !video.paused) {
      const speech = new SpeechSynthesisUtterance(text);
      speech.lang = list.lang;
      resume = $("pause").checked;
      if (resume) video.pause();
      speech.onend = () => { if (resume) video.play(); resume = false; };
      speechSynthesis.speak(speech);
    }
  };
  video.addEventListener("timeupdate", follow);
  video.addEventListener("seeked", follow);
  $("read").addEventListener("change", () => { if ("speechSynthesis" in window) speechSynthesis.cancel(); });

  // A job, live
  const job = document.body.dataset.job;
  if (job && !$("progress").hidden) {
    const events = new EventSource(`/v1/jobs/${job}/events`);
    const on = (name, act) => events.addEventListener(name, (event) => { if (event.data) act(JSON.parse(event.data)); });
    on("state", (told) => { $("job").textContent = told.status.replace("_", " "); if (told.status === "cancelled") events.close(); });
    on("progress", (told) => { $("progress").value = told.progress; });
    on("caption", (told) => {
      const button = make("button", "", { type: "button", "data-start": told.start, "data-end": told.end });
      button.append(make("time", clock(told.start)), " ", make("span", told.text, { dir: "auto" }));
      const item = document.createElement("li");
      item.append(button);
      const there = [...list.children];
      if (there.some((one) => Number(one.firstChild.dataset.start) === told.start)) return;
      list.insertBefore(item, there.find((one) => Number(one.firstChild.dataset.start) > told.start) ?? null);
      follow();
    });
    on("done", () => { events.close(); location.reload(); });
    events.addEventListener("error", (event) => {
      if (!event.data) return; // the connection: the browser comes back by itself
      events.close();
      $("job").textContent = `failed: ${JSON.parse(event.data).message}`;
      $("progress").hidden = true;
    });
  }

  // Questions: what was said before is sent along
  const turns = [];
  let stopping = null;
  const ask = async (question) => {
    const line = make("li", "", { "aria-busy": "true" });
    const answer = make("p", "", { dir: "auto" });
    line.append(make("strong", question, { dir: "auto" }), answer);
    $("talk").append(line);
    turns.push({ role: "user", content: turns.length ? question : [{ type: "video_url", video_url: { url: `scenescribe:${film}` } }, { type: "text", text: question }] });
    stopping = new AbortController();
    $("stop").hidden = false;
    let told = null;
    try {
      const body = JSON.stringify({ model: document.body.dataset.model, messages: turns, stream: true });
      const got = await fetch("/v1/chat/completions", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: stopping.signal });
      if (!got.ok) throw new Error((await got.json()).error.message);
      const reader = got.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const one of lines) {
          if (!one.startsWith("data: ") || one === "data: [DONE]") continue;
          const chunk = JSON.parse(one.slice(6));
          if (chunk.error) throw new Error(chunk.error.message);
          answer.textContent += chunk.choices[0]?.delta?.content ?? "";
          told = chunk.scenescribe ?? told;
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") answer.textContent += ` (${error.message})`;
    }
    turns.push({ role: "assistant", content: answer.textContent });
    line.setAttribute("aria-busy", "false");
    $("stop").hidden = true;
    $("asked").textContent = answer.textContent;
    const times = make("p", "", { class: "times" });
    const add = (start, what) => times.append(make("button", `${clock(start)}${what}`, { type: "button", "data-start": start }));
    try {
      const found = await api(`/v1/search?k=3&film=${film}&q=${encodeURIComponent(question)}`);
      for (const hit of found.data) add(hit.start, ` ${hit.text.slice(0, 80)}`);
    } catch { /* a question without a word to look for */ }
    if (!times.children.length) for (const time of (told?.looked_at ?? []).slice(0, 8)) add(time, "");
    if (times.children.length) line.append(times);
  };
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const question = $("question").value.trim();
    if (!question || !$("stop").hidden) return;
    $("question").value = "";
    ask(question);
  });
  $("stop").addEventListener("click", () => stopping?.abort());
}
