// Keeps the list of events up to date. Every piece of HTML comes from the server, already escaped.
const list = document.getElementById("events");
const show = (id, visible) => { document.getElementById(id).hidden = !visible; };

const source = new EventSource("/_inspector/events");
source.onopen = () => show("lost", false);
source.onerror = () => show("lost", true);

const add = (message) => {
  list.insertAdjacentHTML("afterbegin", message.data);
  show("empty", false);
  while (list.children.length > 500) list.lastElementChild.remove();
};
source.addEventListener("exchange", add);
source.addEventListener("skip", (message) => {
  add(message);
  document.getElementById("clock").textContent = list.firstElementChild.dataset.skipped;
});

const post = (path, fields) => fetch(`/_inspector/${path}`, { method: "POST", body: new URLSearchParams(fields) });
document.addEventListener("click", ({ target }) => {
  if (target.dataset.skip) post("skip", { seconds: target.dataset.skip });
  if ("clear" in target.dataset) post("clear", {}).then(() => { list.replaceChildren(); show("empty", true); });
});
