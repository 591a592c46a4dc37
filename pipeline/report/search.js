"use strict";
// The search box of the page: hides what does not hold all of the words. Text is read and never written as markup.
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const box = document.getElementById("find"), told = document.getElementById("found");
const films = [...document.querySelectorAll("section.film")].map((film) => ({
  film, parts: [...film.querySelectorAll("[data-find]")].map((part) => ({ part, text: folded(part.textContent) })),
}));
const look = () => {
  const words = folded(box.value).split(/\s+/).filter(Boolean);
  let count = 0, among = 0;
  for (const { film, parts } of films) {
    let here = 0;
    for (const { part, text } of parts) {
      const holds = words.every((word) => text.includes(word));
      part.hidden = !holds;
      here += holds;
    }
    film.hidden = words.length > 0 && here === 0;
    count += here;
    among += here > 0;
  }
  told.textContent = words.length ? `${count} found in ${among} film${among === 1 ? "" : "s"}` : "";
};
document.getElementById("search").hidden = false;
document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
box.addEventListener("input", look);
