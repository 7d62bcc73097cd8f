// Says what has changed, and becomes the program as soon as that listens.
(async () => {
  const main = document.querySelector("main");
  for (;;) {
    const answer = await fetch(location.href, { headers: { "x-workbook-ask": "state" } }).catch(() => null);
    if (answer?.ok) return location.reload();
    // An answer may break off, and this goes on.
    const text = (await answer?.text().catch(() => null)) ?? "";
    const now = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (now && now.innerHTML !== main.innerHTML) main.replaceChildren(...now.childNodes);
    await new Promise((done) => setTimeout(done, 1000));
  }
})();
