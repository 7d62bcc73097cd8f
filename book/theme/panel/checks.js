// The checks of an exercise: run, stopped, told, and said to be old when the answer has changed.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, words, ask, asked, kept } = studio;

  const NOTHING = "Not checked yet. Write your answer into the file that the task names, then run the checks.";
  const CHANGED = "You have changed your answer since this verdict.";

  // `lead` goes to a line of a file, `onShown` hears what is known of the exercise, `onHint` that a hint was shown;
  // `prepare` saves what is written here, before a run that the learner asks for.
  studio.checks = (number, { lead, onShown, onHint, prepare }) => {
    const api = `exercises/${number}`;
    const view = element("div", { className: "checks-view" });
    const status = element("p", { className: "status", role: "status" });
    const button = element("button", { type: "button", className: "main", textContent: "Run the checks", onclick: () => run() });
    const stopper = element("button", { type: "button", textContent: "Stop", hidden: true, onclick: () => stop() });
    const onSave = element("input", { type: "checkbox", checked: kept.get("checks.on-save", true), onchange: () => kept.set("checks.on-save", onSave.checked) });
    const resetter = element("button", { type: "button", className: "reset", textContent: "Start over", title: "Restores the exercise's initial state, and keeps your answer in a backup", onclick: () => reset() });
    const bar = element("div", { className: "bar" }, button, stopper, element("label", {}, onSave, " on every save"), resetter);
    const undo = element("div", { className: "undo" });
    const section = element("section", { className: "checks-part", "aria-label": "Checks" }, bar, undo, status, view);

    let shown = null;
    let under = null; // the run under way
    let files = null;

    // What the verdict says itself is said only to those who do not see it.
    const say = (text, isSeen = false) => {
      status.classList.toggle("visually-hidden", isSeen);
      if (status.textContent !== text) status.textContent = text;
    };
    const isOld = () => Boolean(shown?.judged && files && files !== shown.judged);
    const age = () => {
      view.classList.toggle("stale", isOld() || Boolean(under));
      const note = view.querySelector(".changed");
      if (isOld() && !note) view.prepend(element("p", { className: "note changed", textContent: CHANGED }));
      if (!isOld() && note) note.remove();
      onShown(shown, isOld());
    };
    const show = (now) => {
      const before = shown;
      shown = now;
      if (before?.html !== now.html || !view.firstChild) {
        view.replaceChildren();
        // Written by the studio's own template, which escapes all that is not its own.
        if (now.html) view.insertAdjacentHTML("afterbegin", now.html);
        else view.append(element("p", { textContent: NOTHING }));
        if (now.note) view.prepend(element("p", { className: "note", textContent: now.note }));
      }
      age();
    };
    const summary = () => view.querySelector(".summary b")?.textContent.replace(/^[✔✘] /, "") ?? "";
    const fetchShown = async () => {
      try { const now = await asked(api); if (!under) show(now); } catch (error) { say(`The checks cannot be shown: ${error.message}`); }
    };
    // What was said of the connection is over with it.
    studio.events.connected((is) => { if (is && status.textContent.includes(studio.AWAY)) { say(""); fetchShown(); } });

    const refuse = (reason) => { shown = null; view.replaceChildren(element("pre", { className: "bad", textContent: reason, tabIndex: 0 })); };
    const take = (line, mine) => ({
      compiling: ({ done, of }) => say(of ? `Compiling your answer, ${done} of ${of} …` : "Compiling your answer …"),
      waiting: ({ reason }) => say(`Waiting: ${reason} …`),
      checked: ({ passed }) => {
        mine.checked += 1;
        mine.met += passed ? 1 : 0;
        say(`Checking … ${mine.checked}${shown?.requirements ? ` of ${shown.requirements}` : ""}, ${mine.met} met`);
      },
      verdict: (now) => { mine.ended = true; end(mine); show(now); say(summary(), true); },
      failed: ({ reason }) => { mine.ended = true; end(mine); refuse(reason); say("There is no verdict."); },
    }[line.event] ?? (() => {}))(line);

    const begin = (mine) => {
      under?.abort.abort();
      under = mine;
      section.classList.add("running");
      stopper.hidden = false;
      button.textContent = "Run again";
      say("Starting …");
      age();
    };
    const end = (mine) => {
      if (under !== mine) return;
      under = null;
      section.classList.remove("running");
      stopper.hidden = true;
      age();
    };
    const read = async (answer, mine) => {
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = "", done = false; !done;) {
        const part = await reader.read();
        done = part.done;
        const lines = (rest + (part.value ?? "")).split("\n");
        rest = lines.pop();
        if (mine !== under) return;
        lines.forEach((line) => take(JSON.parse(line), mine));
      }
    };
    // Only a run that the learner asked for saves what is written here: any other checks what is on the disk.
    const run = async ({ saves = true } = {}) => {
      const mine = { abort: new AbortController(), checked: 0, met: 0, ended: false };
      begin(mine);
      try {
        if (saves) await prepare();
        if (mine !== under) return;
        const answer = await ask(`${api}/check`, "POST", undefined, { signal: mine.abort.signal });
        if (!answer.ok) throw new Error(await answer.text());
        await read(answer, mine);
        if (under === mine && !mine.ended) say("Another window has started a run instead; its verdict will be shown here.");
      } catch (error) {
        if (under === mine) say(error.name === "AbortError" ? "Stopped." : `There is no verdict: ${studio.plain(error).message}`);
      }
      end(mine);
    };
    const stop = () => under?.abort.abort();

    const hint = async (button) => {
      const { number: which, title, html } = await asked(`${api}/hints/${button.dataset.hint}`, "POST");
      const text = element("div", { className: "hint-text" }, element("b", { textContent: `Hint ${which}: ${title}` }));
      text.insertAdjacentHTML("beforeend", html); // the exercise's own text, as the book has it
      button.replaceWith(text);
      onHint(which);
    };
    view.addEventListener("click", (event) => {
      const place = event.target.closest(".place");
      const wanted = event.target.closest(".take-hint");
      if (place) lead(place.dataset.file, Number(place.dataset.line));
      if (wanted) hint(wanted).catch((error) => say(studio.sentence(error)));
    });

    // Asked for when somebody wants to see it.
    view.addEventListener("toggle", ({ target: story }) => {
      if (!story.matches(".story[open]") || story.querySelector("iframe")) return;
      const { check } = story.dataset;
      story.append(element("iframe", { className: "story", title: `What check ${check} did, step by step`, src: `http://${studio.inspectorOf("checks")}/${number}/${check}` }));
    }, true);

    const back = (backup, folder) => element("p", { className: "note" }, `The earlier files are in ${folder}. `,
      element("button", { type: "button", textContent: "Restore them", onclick: () => change(`${api}/backups/${encodeURIComponent(backup)}`, "The earlier files are back.") }));
    const change = async (path, words) => {
      stop();
      try {
        const { backup, folder } = await asked(path, "POST");
        await fetchShown();
        undo.replaceChildren(...(backup ? [back(backup, folder)] : []));
        say(words);
      } catch (error) { say(studio.sentence(error)); }
    };
    const reset = () => change(`${api}/reset`, "The exercise is back in its initial state.");

    let reached;
    return {
      section, run,
      onSave: () => onSave.checked,
      isCurrent: () => Boolean(shown?.judged) && shown.judged === files,
      // What the studio says of this exercise's files and progress.
      look: (now) => {
        files = now.files;
        const isNews = reached !== now.reached;
        reached = now.reached;
        if (isNews && !under) fetchShown();
        else age();
      },
      fetch: fetchShown,
    };
  };
})();
