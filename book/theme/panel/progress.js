// How far the reader is: ticks in the sidebar, and an overview on the start page.
(() => {
  const { studio } = window;
  if (!studio || studio.onPaper) return;
  const { element, words, ask, asked, page } = studio;

  const pageOf = (link) => decodeURIComponent(new URL(link.href).pathname).replace(/^\//, "").replace(/\.html$/, "").replace(/^(index)?$/, "introduction");
  const links = [...document.querySelectorAll("#mdbook-sidebar .chapter-item a[href]")].filter((link) => !new URL(link.href).hash);
  const title = (link) => link.firstChild.textContent.trim();

  const exerciseAt = (of, now) => now.exercises.find(({ id }) => of === `exercises/${id}`);
  const isDone = (of, now) => exerciseAt(of, now)?.passed ?? now.pages.includes(of);

  const tick = (link, now) => {
    link.querySelector(".page-tick")?.remove();
    const of = pageOf(link);
    if (!isDone(of, now)) return;
    link.append(element("span", { className: "page-tick", role: "img", "aria-label": exerciseAt(of, now) ? "passed" : "read", textContent: "✔" }));
  };

  // A page has been read when its end was seen.
  const watchTheEnd = () => {
    const end = element("div", { className: "page-end" });
    document.querySelector("main").append(end);
    const observer = new IntersectionObserver((seen) => {
      if (document.hidden || !seen.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      ask(`pages/${page}`, "PUT").catch(() => {}); // a tick less
    });
    observer.observe(end);
  };

  // The chapters, as the sidebar parts them.
  const chapters = () => {
    const found = [];
    for (const item of document.querySelectorAll("#mdbook-sidebar .part-title, #mdbook-sidebar .chapter-item")) {
      if (item.classList.contains("part-title")) found.push({ name: item.textContent.trim(), links: [] });
      else found.at(-1)?.links.push(...links.filter((link) => link.closest(".chapter-item") === item));
    }
    return found.filter(({ links: [first] }) => first);
  };
  const count = (some, now) => some.filter((link) => isDone(pageOf(link), now)).length;

  const bar = (name, value, of) => element("progress", { max: of, value, "aria-label": `${name}: ${value} of ${of}` });
  const chapterRow = ({ name, links: some }, now) => element("tr", {},
    element("th", { scope: "row" }, element("a", { href: some[0].href, textContent: name })),
    element("td", {}, bar(name, count(some, now), some.length)),
    element("td", { textContent: `${count(some, now)} of ${some.length}` }));

  const stateOf = ({ passed, tried, current, requirements, broken }) => {
    if (broken) return `broken, ${broken}`;
    if (!tried) return passed ? "passed" : "not tried yet";
    const met = requirements.filter((requirement) => requirement.met).length;
    const words = met === requirements.length ? "passed" : `${met} of ${requirements.length} met`;
    return current ? words : `${words}, changed since`;
  };
  const exerciseItem = (exercise) => {
    const { number, id, title, passed, requirements } = exercise;
    return element("details", {},
      element("summary", {}, element("span", { className: passed ? "tick good" : "tick", textContent: passed ? "✔ " : "· " }), `Exercise ${number}, ${title}: ${stateOf(exercise)}`),
      element("ol", {}, ...requirements.map(({ text, met }) => element("li", {}, ...(met ? [element("span", { className: "tick good", role: "img", "aria-label": "met", textContent: "✔ " })] : []), ...words(text)))),
      element("p", {}, element("a", { href: `/exercises/${id}.html`, textContent: "Go to the exercise" })));
  };
  const labItem = ({ page: of, tried }) => {
    const link = links.find((link) => pageOf(link) === of);
    return element("li", {}, ...(tried ? [element("span", { className: "tick good", role: "img", "aria-label": "tried", textContent: "✔ " })] : []),
      element("a", { href: link.href, textContent: title(link) }));
  };
  const labs = ({ labs }) => element("details", { className: "labs" },
    element("summary", { textContent: `Labs: ${labs.filter(({ tried }) => tried).length} of ${labs.length} tried` }),
    element("ul", {}, ...labs.map(labItem)));
  const next = (now) => links.find((link) => !isDone(pageOf(link), now) && pageOf(link) !== page) ?? null;

  const print = () => {
    document.documentElement.classList.add("record-only");
    window.print();
    document.documentElement.classList.remove("record-only");
  };
  const overview = element("section", { className: "overview", "aria-labelledby": "overview-title" });
  const opened = () => [...overview.querySelectorAll("details")].map((details) => details.open);
  const show = (now) => {
    const before = opened();
    const on = next(now);
    const passed = now.exercises.filter((exercise) => exercise.passed).length;
    overview.replaceChildren(
      element("h2", { id: "overview-title", textContent: "What have I done so far?" }),
      element("p", {}, `${count(links, now)} of ${links.length} pages, ${passed} of ${now.exercises.length} exercises.`),
      ...(now.note ? [element("p", { className: "note", textContent: now.note })] : []),
      element("p", { className: "go-on" }, ...(on ? [element("a", { className: "button", href: on.href, textContent: `Continue here: ${title(on)}` })] : []),
        element("button", { type: "button", className: "button", textContent: "Print this record", onclick: print })),
      element("table", {}, element("tbody", {}, ...chapters().map((chapter) => chapterRow(chapter, now)))),
      labs(now),
      ...now.exercises.map(exerciseItem));
    overview.querySelectorAll("details").forEach((details, place) => { details.open = before[place] ?? false; });
  };

  if (links.some((link) => pageOf(link) === page)) watchTheEnd();
  if (page === "introduction") document.querySelector("main h2")?.before(overview);
  let known = null;
  studio.events.listen(async ({ progress, exercises }) => {
    const news = progress + Object.values(exercises).map(({ files, broken }) => `${files} ${broken}`).join();
    if (news === known) return;
    known = news;
    const now = await asked("progress").catch(() => null);
    if (!now) return;
    links.forEach((link) => tick(link, now));
    if (overview.isConnected) show(now);
  });
})();
