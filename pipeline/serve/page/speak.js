// Descriptions said aloud: by a screen reader, through a polite live region, or by this browser's voice. The film may wait meanwhile.
import { $ } from "/page/dom.js";

const PACE = 15; // letters a second: a screen reader does not tell when it is done
const video = $("video"), voice = "speechSynthesis" in window ? window.speechSynthesis : null;
let waits = false, timer = 0;

const goOn = () => {
  clearTimeout(timer);
  if (waits) video.play();
  waits = false;
};
const hold = () => { if ($("pause").checked) { waits = true; video.pause(); } };
const hush = () => { clearTimeout(timer); voice?.cancel(); };

export const speak = (text, lang) => {
  const how = $("read").value;
  if (how === "off") return;
  hush();
  if (how === "screen") $("live").textContent = text;
  if (!text || (video.paused && !waits)) return goOn();
  if (how === "screen") {
    hold();
    timer = setTimeout(goOn, 1000 * text.length / PACE);
  } else if (voice) {
    const speech = new SpeechSynthesisUtterance(text);
    speech.lang = lang;
    speech.onend = goOn;
    speech.onerror = (event) => { if (event.error !== "interrupted" && event.error !== "canceled") goOn(); };
    hold();
    voice.speak(speech);
  }
};

const keep = () => { try { localStorage.setItem("read out", JSON.stringify([$("read").value, $("pause").checked])); } catch { /* for this page alone */ } };

if (video) {
  if (!voice) document.querySelector("#read [value=speech]").disabled = true;
  try {
    const [how, pause] = JSON.parse(localStorage.getItem("read out")) ?? ["off", false];
    if (how !== "speech" || voice) $("read").value = how;
    $("pause").checked = pause;
  } catch { /* as the page says */ }
  $("read").addEventListener("change", () => { hush(); goOn(); keep(); });
  $("pause").addEventListener("change", () => { if (!$("pause").checked) goOn(); keep(); });
  video.addEventListener("play", () => { waits = false; clearTimeout(timer); }); // somebody does not want to wait
}
