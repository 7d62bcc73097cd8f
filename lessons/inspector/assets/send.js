// Sends a past request again, as it was or edited, with the cookies of any visitor; and copies one as a curl line.
import { ask, get, post } from "/post.js";

const dialog = document.getElementById("send");
const form = dialog.querySelector("form");
const copy = document.getElementById("copy");
const refusal = document.getElementById("refused");
const NOTHING = { method: "GET", target: "/", cookie: "", headers: "", body: "" };

// What the dialog began with: only what differs is sent, so that the rest stays as it was, secrets and all.
let number;
let start;
let jars;

const fill = (fields) => {
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    field.value = value ?? "";
    field.disabled = value === null;
    if (name === "body") field.placeholder = value === null ? "not text: it is sent unchanged" : "";
  }
};

const values = () => Object.fromEntries([...form.elements]
  .filter((field) => field.name && !field.disabled).map((field) => [field.name, field.value]));

// The dialog for this request, or for a plain one.
const open = async (title, base, changed) => {
  const request = base ? await get(`/requests/${base}`) : NOTHING;
  jars = request && await get("/jars");
  if (!jars) return;
  number = base;
  const names = new Set([...Object.keys(jars).filter((name) => name), "alice", "bob", "mallory"]);
  const nobody = new Option(base ? "the same visitor" : "nobody", "");
  form.elements.visitor.replaceChildren(nobody, ...[...names].map((name) => new Option(name, name)));
  fill({ visitor: "", ...request });
  start = { ...values(), request };
  fill(changed(request));
  document.getElementById("send-title").textContent = title;
  refusal.textContent = "";
  dialog.showModal();
};

form.elements.visitor.addEventListener("change", ({ target }) => {
  form.elements.cookie.value = target.value ? jars[target.value] ?? "" : start.request.cookie;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const edited = Object.entries(values()).filter(([name, value]) => !number || value !== start[name]);
  const fields = Object.fromEntries(edited.filter(([name, value]) => name !== "visitor" || value));
  const refused = await ask("/send", number ? { ...fields, number } : fields);
  refusal.textContent = refused;
  if (!refused) dialog.close();
});
document.getElementById("cancel").addEventListener("click", () => dialog.close());
document.getElementById("close").addEventListener("click", () => copy.close());

const host = (headers) => headers.split("\n").filter((line) => line.startsWith("host:")).join("\n");

const take = (button, item) => {
  const cookie = button.closest(".cookie");
  const pair = `${cookie.querySelector(".name").textContent}=${cookie.querySelector(".value").textContent}`;
  // She asks for a page with the cookie and with nothing else that was alice's.
  open("Take this cookie as mallory", item.value, ({ method, target, headers }) => ({
    visitor: "mallory", method: "GET", target: method === "GET" ? target : "/", cookie: pair, headers: host(headers), body: "",
  }));
};

const copyAsCurl = async (button, base) => {
  const request = await get(`/requests/${base}`);
  if (!request) return;
  try {
    await navigator.clipboard.writeText(request.curl);
    button.textContent = "Copied as curl";
  } catch {
    copy.querySelector("textarea").value = request.curl;
    copy.showModal();
    copy.querySelector("textarea").select();
  }
};

export const clicked = (button) => {
  const item = button.closest(".exchange");
  if (button.id === "new") open("New request", undefined, () => ({}));
  if (!item) return;
  if ("again" in button.dataset) post("/send", { number: item.value });
  if ("edit" in button.dataset) open(`Send request ${item.value} again`, item.value, () => ({}));
  if ("take" in button.dataset) take(button, item);
  if ("curl" in button.dataset) copyAsCurl(button, item.value);
};
