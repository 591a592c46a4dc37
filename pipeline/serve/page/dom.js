// What all parts of the page use.
export const $ = (id) => document.getElementById(id);
export const clock = (s) => {
  const whole = Math.floor(s), h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
};
export const make = (tag, text, values = {}) => {
  const made = document.createElement(tag);
  made.textContent = text; // whatever a model or a file name says is text
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  return made;
};
export const api = async (path, body) => {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error.message);
  return told;
};
