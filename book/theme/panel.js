// The live panel. In the studio, which alone has this host name, the chapter's demo, its inspector or the
// exercise's checks stand beside the text. Anywhere else this does nothing, and asks nobody anything.
(() => {
  if (location.hostname !== "workbook.localhost") return;

  // What a lesson serves when it runs alone, at `localhost:4001` and names below it, the studio serves as well; and its
  // inspector, which has a site of its own in both.
  const inspectorOf = (number) => `lesson-${number}.inspector.localhost:${location.port}`;
  const here = (address) => {
    const [, label = "", kind, number] = address.host.match(/^(?:(\w+)\.)?localhost:40([05])([1-5])$/) ?? [];
    if (!number) return address.host;
    if (kind === "5") return label === "inspector" ? inspectorOf(number) : address.host;
    return label === "evil" ? `evil.localhost:${location.port}` : `${label && `${label}.`}lesson-${number}.${location.host}`;
  };
  document.querySelectorAll("main a[href^='http']").forEach((link) => {
    const host = here(link);
    if (host === link.host) return;
    link.textContent = link.textContent.replace(link.host, host);
    link.host = host;
  });

  const place = document.querySelector(".live");
  const onPaper = location.pathname.endsWith("/print.html");
  if (!place || onPaper) return;

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // A requirement's words, with `code` as code.
  const words = (text) => text.split("`").map((piece, place) => (place % 2 ? element("code", { textContent: piece }) : piece));

  const lesson = (number) => {
    const origin = `http://lesson-${number}.${location.host}`;
    const demo = element("iframe", { src: `${origin}/`, title: `Demo of lesson ${number}`, className: "demo" });
    const inspector = element("iframe", { src: `http://${inspectorOf(number)}/`, title: "Session inspector", className: "inspector" });
    const start = element("button", { textContent: "Start page", onclick: () => { demo.src = `${origin}/`; } });
    const tab = element("a", { href: `${origin}/`, target: "_blank", className: "button", textContent: "Open in a tab" });
    const second = element("a", { href: inspector.src, target: "_blank", className: "button", textContent: "Inspector in a tab" });
    return [element("header", {}, element("h2", { textContent: `Lesson ${number}, live` }), start, tab, second), demo, inspector];
  };

  const exercise = (number) => {
    const address = `/api/exercises/${number}`;
    const view = element("div", { className: "checks-view", role: "status" });
    const button = element("button", { className: "main", textContent: "Run the checks", onclick: () => run() });
    const say = (text) => element("p", { textContent: text });
    const show = ({ html, note }) => {
      view.replaceChildren();
      // Written by the studio's own template, which escapes all that is not its own.
      view.insertAdjacentHTML("afterbegin", html);
      if (note) view.prepend(element("p", { className: "note", textContent: note }));
    };
    let runs = 0;
    const run = async () => {
      const mine = ++runs;
      const list = element("ul", { className: "checks" });
      view.replaceChildren(say("Starting …"), list);
      button.textContent = "Run again";
      const take = {
        compiling: () => { view.firstElementChild.textContent = "Compiling your answer …"; },
        waiting: ({ reason }) => { view.firstElementChild.textContent = `Waiting: ${reason} …`; },
        checked: ({ number, requirement, passed }) => {
          view.firstElementChild.textContent = "Checking …";
          list.append(element("li", {}, element("span", { className: passed ? "sign good" : "sign bad", textContent: passed ? "✔" : "✘" }), ` ${number} `, ...words(requirement)));
        },
        verdict: show,
        failed: ({ reason }) => view.replaceChildren(element("pre", { className: "bad", textContent: reason })),
      };
      try {
        const answer = await fetch(`${address}/check`, { method: "POST" });
        if (!answer.ok) throw new Error(await answer.text());
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let rest = "", done = false; !done;) {
          const read = await reader.read();
          done = read.done;
          const lines = (rest + (read.value ?? "")).split("\n");
          rest = lines.pop();
          if (mine !== runs) return; // a newer run has taken its place
          lines.forEach((line) => { const event = JSON.parse(line); take[event.event](event); });
        }
      } catch (error) {
        if (mine === runs) view.replaceChildren(element("p", { className: "bad", textContent: `The studio did not answer: ${error.message}` }));
      }
    };
    const nothing = "Not checked yet. Write your answer into the file that the task names, then run the checks.";
    fetch(address).then((answer) => answer.json()).then(({ html, note }) => {
      if (runs) return;
      if (html) show({ html, note }); else view.replaceChildren(say(nothing));
    }, () => view.replaceChildren(say("The studio did not answer.")));
    return [element("header", {}, element("h2", { textContent: `Exercise ${number}` }), button), view];
  };

  const panel = element("aside", { id: "panel" });
  panel.setAttribute("aria-label", "Live panel");
  panel.append(...(place.dataset.lesson ? lesson(place.dataset.lesson) : exercise(place.dataset.exercise)));
  document.documentElement.classList.add("studio");
  const wide = matchMedia("(min-width: 1000px)");
  const settle = () => (wide.matches ? document.body : document.querySelector("main")).append(panel);
  wide.addEventListener("change", settle);
  settle();
})();
