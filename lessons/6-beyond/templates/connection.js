// Shows what both connections say.
const tell = (list, words) => {
  const line = document.createElement("li");
  line.textContent = words;
  document.getElementById(list).append(line);
};

const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/connection/socket`);
socket.onmessage = ({ data }) => tell("socket", data);
socket.onclose = ({ reason }) => tell("socket", reason || "The connection has closed.");
document.querySelectorAll("[data-item]").forEach((button) => {
  button.onclick = () => socket.send(button.dataset.item);
});

const events = new EventSource("/connection/events");
events.onmessage = ({ data }) => tell("events", data);
events.addEventListener("ended", ({ data }) => {
  events.close(); // otherwise the browser would connect again, and be refused
  tell("events", data);
});
