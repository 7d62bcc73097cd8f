// Asks the API, and shows what it answers. The cookie is sent, because the page and the API have one origin.
const said = document.getElementById("said");

const ask = async (path, send) => {
  const reads = ["me", "careless/redirects"].includes(path);
  const response = await fetch(`/api-page/${path}`, reads ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: send ?? "{}",
  });
  const line = document.createElement("li");
  const redirected = response.redirected ? ", after a redirect" : "";
  line.textContent = `${path}: ${response.status}${redirected}: ${(await response.text()).slice(0, 100)}`;
  said.append(line);
};

document.querySelectorAll("[data-path]").forEach((button) => {
  button.onclick = () => ask(button.dataset.path, button.dataset.send);
});
