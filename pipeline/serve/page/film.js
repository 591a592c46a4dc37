// A film: its player, its transcript, what is read out, a job as it goes.
import { $, api, clock, make } from "/page/dom.js";
import { speak } from "/page/speak.js";

const video = $("video"), film = document.body.dataset.film;
if (film) {
  const seek = (time) => { video.currentTime = time; video.focus(); };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-start]");
    if (button) seek(Number(button.dataset.start));
  });
  const unplayable = () => { $("unplayable").hidden = false; };
  video.addEventListener("error", unplayable);
  video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) unplayable(); }); // its sound alone
  if (video.error) unplayable();
  $("convert").addEventListener("click", async () => {
    $("convert").disabled = true;
    $("converting").textContent = "waiting";
    try {
      const made = await api("/v1/jobs", { film, task: "preview" });
      const events = new EventSource(made.links.events);
      events.addEventListener("progress", (event) => {
        const told = JSON.parse(event.data);
        $("converting").textContent = `${told.progress} %`;
      });
      events.addEventListener("done", () => {
        events.close();
        $("unplayable").hidden = true;
        video.src = `/v1/films/${film}/preview.mp4`;
        video.focus();
      });
      events.addEventListener("error", (event) => {
        if (!event.data) return;
        events.close();
        $("convert").disabled = false;
        $("converting").textContent = JSON.parse(event.data).message;
      });
    } catch (error) {
      $("convert").disabled = false;
      $("converting").textContent = error.message;
    }
  });
  const begin = new URLSearchParams(location.hash.slice(1)).get("t");
  if (begin) video.addEventListener("loadedmetadata", () => { video.currentTime = Number(begin); }, { once: true });
  const hide = () => { for (const track of video.textTracks) if (track.kind === "descriptions") track.mode = "hidden"; };
  hide(); // shown by no browser, and loaded by none that is not told to

  let shown = null;
  const follow = () => {
    const list = $("transcript");
    const at = video.currentTime;
    const now = [...list.querySelectorAll("button")].find((one) => Number(one.dataset.start) <= at && at < Number(one.dataset.end));
    if (now === shown) return;
    shown?.removeAttribute("aria-current");
    shown = now ?? null;
    const text = now ? now.querySelector("span").textContent : "";
    $("now").textContent = text;
    speak(text, list.lang);
    if (!now) return;
    now.setAttribute("aria-current", "true");
    const box = list.getBoundingClientRect(), line = now.getBoundingClientRect();
    if (line.top < box.top || line.bottom > box.bottom) list.scrollTop += line.top - box.top - box.height / 3;
  };
  video.addEventListener("timeupdate", follow);
  video.addEventListener("seeked", follow);

  // What a job has made, taken from the page as it is now: nobody is torn out of what they do
  const renew = async () => {
    const now = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
    const focused = $("made").contains(document.activeElement) ? document.activeElement.dataset.start : undefined;
    const scrolled = $("transcript").scrollTop;
    $("made").replaceWith(document.importNode(now.getElementById("made"), true));
    $("transcript").scrollTop = scrolled;
    if (focused !== undefined) document.querySelector(`#made [data-start="${CSS.escape(focused)}"]`)?.focus();
    for (const old of video.querySelectorAll("track")) old.remove();
    video.append(...[...now.querySelectorAll("track")].map((one) => document.importNode(one, true)));
    hide();
    shown = null;
    follow();
  };

  // A job, live
  const job = document.body.dataset.job;
  if (job && !$("progress").hidden) {
    $("cancel").addEventListener("click", () => fetch(`/v1/jobs/${job}`, { method: "DELETE" }));
    const over = () => { $("progress").hidden = $("running").hidden = true; $("left").textContent = ""; };
    const events = new EventSource(`/v1/jobs/${job}/events`);
    const on = (name, act) => events.addEventListener(name, (event) => { if (event.data) act(JSON.parse(event.data)); });
    on("state", (told) => {
      $("job").textContent = told.status.replace("_", " ");
      if (told.status !== "cancelled") return;
      events.close();
      over();
    });
    on("progress", (told) => {
      $("progress").value = told.progress;
      $("left").textContent = told.eta == null ? "" : `about ${clock(told.eta)} left`;
    });
    on("caption", (told) => {
      const button = make("button", "", { type: "button", "data-start": told.start, "data-end": told.end });
      button.append(make("time", clock(told.start)), " ", make("span", told.text, { dir: "auto" }));
      const item = document.createElement("li");
      item.append(button);
      const list = $("transcript"), there = [...list.children];
      if (there.some((one) => Number(one.firstChild.dataset.start) === told.start)) return;
      list.insertBefore(item, there.find((one) => Number(one.firstChild.dataset.start) > told.start) ?? null);
      follow();
    });
    on("done", () => { events.close(); renew(); });
    events.addEventListener("error", (event) => {
      if (!event.data) return; // the connection: the browser comes back by itself
      events.close();
      $("job").textContent = `failed: ${JSON.parse(event.data).message}`;
      over();
    });
  }
}
