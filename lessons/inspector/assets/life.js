// The life of a session as a bar, which moves with the inspector's clock.
import { post, show } from "/post.js";

const SECOND = 1000;
const select = document.getElementById("visitor");
const by = (id) => document.getElementById(id);

// What is known of each visitor's session, and whose was seen last.
const lives = new Map();
let latest;
// What is added to this machine's time. The server may have another idea of it.
let ahead = 0;
let skew = 0;

const now = () => Date.now() + skew + ahead;

export const begin = (start) => {
  ahead = start.ahead * SECOND;
  skew = start.now - ahead - Date.now();
  lives.clear();
  draw();
};

export const skipped = (seconds) => {
  ahead = seconds * SECOND;
  draw();
};

// An app need not tell of its own limit each time.
const goOn = (before, told) => (
  { ...told, began: before.began, absolute_until: told.absolute_until ?? before.absolute_until }
);

export const note = (item) => {
  const { visitor, life } = item.dataset;
  if (!life) return;
  const told = JSON.parse(life);
  const before = lives.get(visitor);
  lives.delete(visitor);
  if (told) lives.set(visitor, before?.label === told.label ? goOn(before, told) : { ...told, began: told.at });
  latest = visitor;
  draw();
};

const limits = (life) => [
  ["record in the store (idle timeout)", life.record_until],
  ["cookie (Max-Age; your browser counts real time, without the skips)", life.cookie_until],
  ["the app's own limit (absolute timeout)", life.absolute_until],
].filter(([, at]) => at !== null).sort(([, one], [, other]) => one - other);

// A browser may go on sending a cookie whose time is over on this clock.
const isOver = (life) => [life.record_until, life.absolute_until].some((at) => at !== null && at <= now());

const next = (life) => isOver(life) ? undefined : limits(life).map(([, at]) => at).find((at) => at > now());

const shown = () => {
  const visitor = select.value || latest;
  return [visitor, lives.get(visitor)];
};

const span = (milliseconds) => {
  const seconds = Math.floor(milliseconds / SECOND);
  const parts = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  return first < 0 ? "0 s" : parts.slice(first, first + 2).map((part) => part.join(" ")).join(" ");
};

const item = ([words, at]) => {
  const line = document.createElement("li");
  const left = at - now();
  line.textContent = left > 0 ? `${span(left)} left: ${words}` : `ended ${span(-left)} ago: ${words}`;
  line.classList.toggle("over", left <= 0);
  return line;
};

const mark = (share) => {
  const line = document.createElement("i");
  line.style.left = `${share * 100}%`;
  return line;
};

export const draw = () => {
  const [visitor, life] = shown();
  show("life", life !== undefined);
  if (!life) return;
  const all = limits(life);
  const end = Math.max(...all.map(([, at]) => at));
  const share = (at) => Math.min(1, Math.max(0, (at - life.began) / (end - life.began || 1)));
  const coming = next(life);
  const whose = visitor === life.label || visitor === "-" ? "" : ` of ${visitor}`;
  by("remaining").textContent = `Session ${life.label}${whose}` +
    (coming ? `: ${span(coming - now())} until its next limit` : " has expired");
  by("past").style.width = `${share(now()) * 100}%`;
  by("bar").replaceChildren(by("past"), ...all.map(([, at]) => mark(share(at))));
  by("limits").replaceChildren(...all.map(item));
  by("before").disabled = !coming || coming - now() <= 10 * SECOND;
  by("after").disabled = !coming;
};
setInterval(draw, SECOND);

// Ten seconds are enough to do something before the limit.
const skip = (beyond) => () => {
  const [, life] = shown();
  post("/skip", { to: next(life) + beyond * SECOND });
};
by("before").addEventListener("click", skip(-10));
by("after").addEventListener("click", skip(1));
