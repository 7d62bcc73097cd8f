// A program that the studio runs: its page as a visitor sees it, and its inspector.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, kept } = studio;

  const VISITORS = ["alice", "bob", "mallory"];

  // What goes on while an earlier one answers. Where none does, the frame says it itself.
  const told = {
    building: ({ done, of, waits }) => (waits ? "The new version is built when another cargo has finished; until then, this is the previous one." : `It is being rebuilt${of ? `, ${done} of ${of}` : ""} …`),
    starting: () => "It is restarting …",
    failed: () => "This is the previous version, without the changes that you have saved since.",
  };

  const SILENT = "The program does not answer, perhaps because of an endless loop.";

  // `start`: the path to begin with.
  studio.programView = ({ title, start = "/", nobody = true, about = "" }) => {
    const name = studio.program;
    const frame = element("iframe", { title, className: "demo" });
    const inspector = element("iframe", { title: `Session inspector of ${title}`, className: "inspector", allow: "clipboard-write" });
    const visitor = element("select", { className: "visitor" }, ...(nobody ? [element("option", { value: "", textContent: "yourself" })] : []),
      ...VISITORS.map((name) => element("option", { value: name, textContent: name })));
    visitor.value = kept.get(`visitor.${name}`, visitor.value);
    if (visitor.selectedIndex < 0) visitor.selectedIndex = 0;
    const path = element("input", { className: "path", value: start, spellcheck: false, autocomplete: "off", "aria-label": "Address within the app" });
    const state = element("p", { className: "program-state", role: "status" });
    const again = element("button", { type: "button", className: "start-again", textContent: "Start again", hidden: true, onclick: () => startAgain() });
    const failure = element("pre", { className: "program-failure", hidden: true, tabIndex: 0 });

    const origin = () => `http://${[visitor.value, name].filter(Boolean).join(".")}.${location.host}`;
    const address = () => new URL(path.value.startsWith("/") ? path.value : `/${path.value}`, origin()).href;
    const tab = element("a", { target: "_blank", rel: "noopener", className: "button", textContent: "In a tab" });
    // Another entry of the history for each would let the back button lead nowhere.
    const go = (of, to) => { if (of.isConnected && of.src) of.contentWindow.location.replace(to); else of.src = to; };
    const show = () => { tab.href = address(); go(frame, address()); };
    // The page that was shown may be what ended the program, or what hangs, so it is not asked for again.
    const startAgain = () => {
      path.value = start;
      show();
      studio.ask(`programs/${name}/again`, "POST").catch(() => {});
    };
    visitor.addEventListener("change", () => { kept.set(`visitor.${name}`, visitor.value); show(); });

    const form = element("form", { className: "address", onsubmit: (event) => { event.preventDefault(); show(); } },
      element("label", {}, "as ", visitor), path, element("button", { textContent: "Go" }), tab);
    const view = element("section", { className: "app", "aria-label": title }, form, ...(about ? [element("p", { className: "accounts" }, about)] : []), state, again, failure, frame);
    const seen = element("section", { className: "watch", "aria-label": "Session inspector" }, inspector);

    let serial = null;
    const take = (now) => {
      const answers = now.serial !== null;
      const silent = answers && now.silent;
      const words = (answers && told[now.state]?.(now)) || (silent ? SILENT : "");
      if (state.textContent !== words) state.textContent = words;
      again.hidden = !silent && (answers || now.state !== "failed");
      failure.hidden = !(answers && now.state === "failed");
      failure.textContent = now.words ?? "";
      if (!answers) return;
      if (serial !== null && serial !== now.serial) { show(); go(inspector, inspector.src); }
      serial = now.serial;
    };
    let begun = false;
    const begin = () => {
      if (begun) return;
      begun = true;
      show();
      inspector.src = `http://${studio.inspectorOf(name)}/`;
      studio.events.listen(({ program }) => { if (program) take(program); });
    };
    return { view, seen, begin, show, isShownIn: (window) => window === frame.contentWindow };
  };
})();
