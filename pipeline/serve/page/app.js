// All pages: each part looks for its own elements.
import { $, api } from "/page/dom.js";
import "/page/film.js";
import "/page/talk.js";

async function strip() {
  try {
    const now = await (await fetch("/readyz")).json();
    // a model takes a minute or five: the seconds are the sign that it goes on
    const since = now.loading_seconds >= 1 ? ` for ${Math.round(now.loading_seconds)} s` : "";
    const parts = [`${now.author}: ${now.engine}${since}`];
    if (now.waiting_for) parts.push(now.waiting_for.message);
    if (now.windows_per_second) parts.push(`${now.windows_per_second} windows/s`);
    if (now.requests.in_flight) parts.push(`${now.requests.in_flight} at the model`);
    const { kv_cache_use: cache, gpu_memory_used_gb: used, gpu_memory_total_gb: total } = now.gauges;
    if (cache !== undefined) parts.push(`cache ${Math.round(100 * cache)} %`);
    if (used?.length) parts.push(`GPU ${used.map((one, n) => `${Math.round(one)}/${Math.round(total[n])} GiB`).join(", ")}`);
    if (now.asks.open) parts.push(`${now.asks.open} ${now.asks.open === 1 ? "question" : "questions"}`);
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
  // The whole page takes it: a film let go beside the form would be opened by the browser, in place of the page.
  const files = (event) => event.dataTransfer.types.includes("Files");
  document.addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); upload.classList.add("over"); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) upload.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    upload.classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
}
