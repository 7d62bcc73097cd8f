// Keeps the list of events up to date. Every piece of HTML comes from the server, already escaped.
import * as life from "/life.js";
import { post, show } from "/post.js";
import * as send from "/send.js";
import * as visitors from "/visitors.js";

const list = document.getElementById("events");
const clock = document.getElementById("clock");
const news = document.getElementById("news");
// The event that was seen last, and the number of the newest one that was there already when the page began.
let last;
let old = 0;

const add = (message) => {
  last = message.lastEventId;
  list.insertAdjacentHTML("afterbegin", message.data);
  show("empty", false);
  while (list.children.length > 500) list.lastElementChild.remove();
  return list.firstElementChild;
};

const announce = (item) => {
  if (item.value <= old) return;
  const said = ["h2", ".so"].map((css) => item.querySelector(css)?.textContent ?? "");
  news.textContent = said.join(": ").replace(/\s+/g, " ");
};

const listen = (source) => {
  source.addEventListener("exchange", (message) => {
    const item = add(message);
    visitors.note(item);
    life.note(item);
    announce(item);
  });
  source.addEventListener("skip", (message) => {
    const { clock: words, ahead } = add(message).dataset;
    clock.textContent = words;
    life.skipped(Number(ahead));
  });
  // What is shown is no longer what the program has: it was started again, or cleared, or this page fell behind.
  source.addEventListener("reset", (message) => {
    const start = JSON.parse(message.data);
    last = message.lastEventId;
    old = start.newest;
    list.replaceChildren();
    show("empty", true);
    clock.textContent = start.clock;
    visitors.begin();
    life.begin(start);
  });
};

// A browser gives one host six connections, whatever the number of its tabs: a hidden one does without, and goes on
// with what it has missed when it is seen again.
let source;
const connect = () => {
  if (document.hidden || (source && source.readyState !== EventSource.CLOSED)) return;
  source = new EventSource(last ? `/events?after=${last}` : "/events");
  source.onopen = () => show("lost", false);
  source.onerror = () => {
    show("lost", true);
    // A browser comes back by itself after a broken connection, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  listen(source);
};
document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : connect()));
connect();

document.addEventListener("click", ({ target }) => {
  if (target.dataset.skip) post("/skip", { seconds: target.dataset.skip });
  if ("clear" in target.dataset) post("/clear", {});
  send.clicked(target);
});
