// Keeps the list of events up to date. Every piece of HTML comes from the server, already escaped.
const list = document.getElementById("events");
const clock = document.getElementById("clock");
const show = (id, visible) => { document.getElementById(id).hidden = !visible; };

const add = (message) => {
  list.insertAdjacentHTML("afterbegin", message.data);
  show("empty", false);
  while (list.children.length > 500) list.lastElementChild.remove();
};

const connect = () => {
  const source = new EventSource("/events");
  source.onopen = () => show("lost", false);
  source.onerror = () => {
    show("lost", true);
    // A browser comes back by itself after a broken connection, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  source.addEventListener("exchange", add);
  source.addEventListener("skip", (message) => {
    add(message);
    clock.textContent = list.firstElementChild.dataset.ahead;
  });
  // What is shown is no longer what the program has: it was started again, or cleared, or this page fell behind.
  source.addEventListener("reset", (message) => {
    list.replaceChildren();
    show("empty", true);
    clock.textContent = message.data;
  });
};
connect();

const post = async (path, fields) => {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  document.getElementById("said").textContent = answer.ok ? "" : await answer.text();
};
document.addEventListener("click", ({ target }) => {
  if (target.dataset.skip) post("/skip", { seconds: target.dataset.skip });
  if ("clear" in target.dataset) post("/clear", {});
});
