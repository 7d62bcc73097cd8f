// The exercise's text: requirements tick off, and hints open one after the other.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, asked } = studio;

  // All that follows a heading, up to the next one.
  const below = (id) => {
    const found = [];
    for (let next = document.getElementById(id)?.nextElementSibling; next && next.tagName !== "H2"; next = next.nextElementSibling) found.push(next);
    return found;
  };

  const tick = (item, met, isOld) => {
    item.querySelector(":scope > .tick")?.remove();
    item.classList.toggle("met", met);
    if (met) item.prepend(element("span", { className: isOld ? "tick old" : "tick good", role: "img", "aria-label": isOld ? "met before your last change" : "met", textContent: "✔ " }));
  };

  studio.task = (number) => {
    const requirements = [...(below("requirements").find(({ tagName }) => tagName === "OL")?.children ?? [])];
    const hints = below("hints").filter(({ tagName }) => tagName === "DETAILS");
    const shown = new Set();
    let fits = null;

    const mayOpen = (place) => shown.has(place) || place === fits || hints.findIndex((_, other) => !shown.has(other + 1)) + 1 === place;
    const lock = () => hints.forEach((hint, index) => {
      const summary = hint.querySelector("summary");
      const is = !mayOpen(index + 1);
      hint.classList.toggle("locked", is);
      if (is) summary.setAttribute("aria-disabled", true); else summary.removeAttribute("aria-disabled");
      summary.title = is ? "Hints open one after the other" : "";
    });
    const note = (place) => { shown.add(place); lock(); };
    hints.forEach((hint, index) => {
      hint.querySelector("summary").addEventListener("click", (event) => { if (!mayOpen(index + 1)) event.preventDefault(); });
      hint.addEventListener("toggle", () => {
        if (!hint.open || shown.has(index + 1)) return;
        note(index + 1);
        asked(`exercises/${number}/hints/${index + 1}`, "POST").catch(() => {}); // it is open, kept or not
      });
    });

    return {
      note,
      show: (now, isOld) => {
        requirements.forEach((item, index) => tick(item, Boolean(now?.met[index]), isOld));
        now?.hints.forEach((place) => shown.add(place));
        fits = now?.fits ?? null;
        lock();
      },
    };
  };
})();
