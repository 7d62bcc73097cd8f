// The learner's files in the panel: written here, saved, and held against what another program writes.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, ask, asked, kept } = studio;

  const LINKS = [["VS Code", "vscode://file"], ["Zed", "zed://file"], ["JetBrains", "idea://open?file="]];

  // `onSaved` is called after each save with the hash of all files, and whether there is something to check.
  studio.code = (number, onSaved) => {
    const api = `exercises/${number}`;
    const address = (path) => `${api}/files/${encodeURIComponent(path)}`;
    const draft = (path) => `draft.${number}.${path}`;
    const documents = new Map();
    let current = null;
    let folder = "";
    let editor = null;

    const files = element("select", { "aria-label": "File", onchange: () => open(files.value) });
    const mark = element("span", { className: "mark", textContent: "unsaved", hidden: true });
    const button = element("button", { type: "button", className: "save", textContent: "Save", title: "Ctrl-S or ⌘S", onclick: () => save() });
    const links = element("ul");
    const elsewhere = element("details", { className: "menu" }, element("summary", { textContent: "My editor" }), links);
    const add = element("button", { type: "button", textContent: "New file", onclick: () => { say(""); naming.hidden = !naming.hidden; if (!naming.hidden) naming.elements[0].focus(); } });
    const status = element("p", { className: "status", role: "status" });
    const naming = element("form", { className: "naming", hidden: true, onsubmit: (event) => { event.preventDefault(); create(naming.elements[0].value.trim()); } },
      element("label", {}, "Path ", element("input", { name: "path", placeholder: "templates/page.html", spellcheck: false, required: true })), element("button", { textContent: "Create" }));
    const collision = element("div", { className: "collision", role: "alert", hidden: true });
    const box = element("div", { className: "ace-box" });
    // Where Escape leads: from here Tab goes on, and Shift-Tab goes back into the editor.
    const behind = element("p", { className: "visually-hidden", tabIndex: -1, textContent: "After the editor." });
    const bar = element("div", { className: "bar" }, files, mark, button, add, elsewhere);
    const view = element("section", { className: "code-view", "aria-label": "Your code" }, bar, naming, collision, box, behind, status);

    const say = (text) => { status.textContent = text; };
    const text = (document) => document.session.getValue();
    const isUnsaved = (document) => document.session && text(document) !== document.saved;
    // Whether a save needs no choice between two versions first.
    const isFree = ({ theirs, gone }) => !theirs && !gone;

    const paint = () => {
      const all = [...documents.values()];
      files.replaceChildren(...all.map((document) => element("option", {
        value: document.path, textContent: `${isUnsaved(document) ? "● " : ""}${document.path}${document.gone ? " (gone)" : ""}`, selected: document === current,
      })));
      mark.hidden = !all.some(isUnsaved);
      view.classList.toggle("unsaved", !mark.hidden);
      collide();
      lead();
    };
    const collide = () => {
      const { path, theirs, gone } = current ?? {};
      const shown = collision.dataset.hash ?? "";
      const hash = gone ? `${path} gone ${isUnsaved(current)}` : theirs ? `${path} ${theirs.hash}` : "";
      if (shown === hash) return;
      collision.dataset.hash = hash;
      collision.hidden = !hash;
      collision.replaceChildren(...(gone ? goneChoice(current) : theirs ? choice(current) : []));
    };
    const goneChoice = (document) => [
      element("p", {}, element("b", { textContent: `${document.path} is gone from the disk.` }), ` Its text${isUnsaved(document) ? ", with your unsaved changes," : ""} is still here.`),
      element("button", { type: "button", textContent: "Save it again", onclick: () => saveAgain(document) }),
      element("button", { type: "button", textContent: "Discard it", onclick: () => letGo(document) }),
    ];
    // Only a press of the button makes a deleted file again.
    const saveAgain = (document) => {
      document.gone = false;
      document.base = null;
      document.saved = null; // nothing is on the disk
      return save(true, [document]);
    };
    const letGo = (document) => {
      forget(document);
      say(`${document.path} is closed.`);
      open();
    };
    const choice = (document) => [
      element("p", {}, element("b", { textContent: `${document.path} was changed outside this editor while you wrote here.` })),
      element("button", { type: "button", textContent: "Use the other version", onclick: () => take(document) }),
      element("button", { type: "button", textContent: "Keep mine", onclick: () => keep(document) }),
      element("details", {}, element("summary", { textContent: "Show the other version" }), element("pre", { textContent: document.theirs.text ?? "", tabIndex: 0 })),
    ];
    const take = (document) => {
      settle(document, document.theirs);
      editor.rewrite(document.session, document.saved);
      say(`${document.path} now has the other version. Undo restores yours.`);
      paint();
    };
    const keep = (document) => {
      settle(document, document.theirs);
      changed(document);
      say("Your version is kept; save it to overwrite the other one.");
    };
    // What is on the disk, as far as this window knows.
    const settle = (document, file) => {
      document.saved = file.text ?? "";
      document.base = file.hash || null;
      document.theirs = null;
    };
    const changed = (document) => {
      if (isUnsaved(document)) kept.set(draft(document.path), { text: text(document), base: document.base });
      else kept.remove(draft(document.path));
      paint();
    };
    const lead = () => {
      if (!current) return links.replaceChildren();
      const place = encodeURI(`${folder}/${current.path}`.replaceAll("\\", "/").replace(/^\/?/, "/"));
      return links.replaceChildren(
        element("li", {}, element("button", { type: "button", textContent: "Open it", onclick: openElsewhere })),
        ...LINKS.map(([name, address]) => element("li", {}, element("a", { href: address + place, textContent: name }))));
    };
    const openElsewhere = async () => {
      const answer = await ask(`${api}/open/${encodeURIComponent(current.path)}`, "POST", { line: editor.line() }).catch((error) => error);
      say(answer instanceof Response ? await answer.text() : studio.sentence(answer));
    };

    const open = (path) => {
      current = documents.get(path) ?? current ?? documents.values().next().value ?? null;
      editor.show(current?.session ?? editor.session("", ""));
      paint();
    };
    const make = (file) => {
      const document = { path: file.path, session: editor.session(file.path, file.text ?? ""), theirs: null, gone: false };
      settle(document, file);
      document.session.on("change", () => changed(document));
      documents.set(file.path, document);
      return document;
    };
    // A draft that an earlier visit left.
    const resume = (document) => {
      const left = kept.get(draft(document.path));
      if (!left || left.text === document.saved) return kept.remove(draft(document.path));
      const theirs = { text: document.saved, hash: document.base };
      editor.rewrite(document.session, left.text);
      if (left.base !== document.base) document.theirs = theirs;
      return say("These are the changes that you did not save.");
    };
    const adopt = (file) => {
      const document = documents.get(file.path);
      if (!document) return resume(make(file));
      if (document.gone) { document.gone = false; say(`${file.path} is on the disk again.`); }
      if (file.hash === document.base) return undefined;
      if (!isUnsaved(document) || text(document) === file.text) {
        const before = text(document);
        settle(document, file);
        if (before !== document.saved) { editor.rewrite(document.session, document.saved); say(`${file.path} was changed outside this editor.`); }
        return changed(document);
      }
      document.theirs = file;
      return paint();
    };
    // A file that is gone from the disk stays here if it is shown, or if it has changes that were not saved.
    const drop = (document) => {
      if (document !== current && !isUnsaved(document)) return forget(document);
      document.gone = true;
      document.theirs = null;
      return say(`${document.path} is gone from the disk.`);
    };
    const forget = (document) => {
      documents.delete(document.path);
      kept.remove(draft(document.path));
      if (document === current) current = null;
    };
    // A draft of an earlier visit whose file is gone.
    const resumeGone = (path) => {
      const document = make({ path, text: "", hash: "" });
      document.gone = true;
      editor.rewrite(document.session, kept.get(draft(path)).text);
    };

    const load = async () => {
      const { files: found, hash, folder: at } = await asked(`${api}/files`);
      folder = at.replace(/^\\\\\?\\/, ""); // as Windows writes a path that is resolved
      const isFound = (path) => found.some((file) => file.path === path);
      [...documents.values()].filter(({ path, gone }) => !gone && !isFound(path)).forEach(drop);
      found.filter((file) => file.text !== null).forEach(adopt);
      kept.names(draft("")).map((name) => name.slice(draft("").length)).filter((path) => !isFound(path) && !documents.has(path)).forEach(resumeGone);
      if (!documents.has(current?.path)) open(found[0]?.path);
      else paint();
      return hash;
    };
    // An empty file, at once: so the studio says whether it can be.
    const create = async (written) => {
      const path = written.replace(/\/{2,}/g, "/");
      try {
        const answer = documents.has(path) ? null : await ask(address(path), "PUT", { text: "", base: null });
        const exists = !answer || answer.status === 409;
        if (!exists && !answer.ok) throw new Error(await answer.text());
        if (!exists) {
          const { hash, all } = await answer.json();
          onSaved(all, false);
          make({ path, text: "", hash });
        } else if (answer) await load();
        naming.hidden = true;
        naming.reset();
        open(path);
        say(exists ? `${path} already exists; here it is.` : `${path} was created.`);
        return editor.focus();
      } catch (error) { return say(`The file cannot be created: ${error.message}`); }
    };

    // One after the other, so that each is told what the one before it found.
    let saving = Promise.resolve();
    const saveOne = async (document) => {
      const written = text(document);
      const answer = await ask(address(document.path), "PUT", { text: written, base: document.base });
      if (answer.status === 409) {
        document.theirs = await answer.json();
        document.gone = !document.theirs;
        return null;
      }
      if (!answer.ok) throw new Error(await answer.text());
      const { hash, all } = await answer.json();
      settle(document, { text: written, hash });
      return all;
    };
    const saveAll = async (these) => {
      const unsaved = these.filter(isUnsaved);
      let all = null;
      try {
        for (const document of unsaved.filter(isFree)) all = (await saveOne(document)) ?? all;
        say(all ? "Saved." : unsaved.length ? "" : "There is nothing to save.");
      } catch (error) {
        say(`Not saved: ${error.message}`);
      }
      unsaved.forEach(changed);
      const left = unsaved.find((document) => !isFree(document));
      if (left) open(left.path);
      return all;
    };
    const save = (isToCheck = true, these = [...documents.values()]) => {
      saving = saving.then(() => saveAll(these)).then((all) => { if (all) onSaved(all, isToCheck); });
      return saving;
    };
    addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      save();
    }, true);

    const begun = studio.editor(box, () => behind.focus()).then((made) => { editor = made; return load(); });
    begun.catch((error) => say(`The editor cannot be shown: ${error.message}`));
    studio.events.connected((is) => { if (is && status.textContent.includes(studio.AWAY)) say(""); });
    return {
      view,
      // Reads the files anew, and gives the hash of all of them.
      load: () => begun.then(load),
      // Resolves when no save is under way.
      idle: () => saving,
      // For a run that is about to begin.
      saveFirst: () => ([...documents.values()].some(isUnsaved) ? save(false) : saving),
      goTo: (path, line) => begun.then(() => { open(path); editor.goTo(line); }),
      // The compiler's errors, at their lines.
      annotate: (errors) => begun.then(() => documents.forEach((document) => document.session.setAnnotations(
        errors.filter(({ file }) => file === document.path).map(({ line, says }) => ({ row: line - 1, column: 0, text: says, type: "error" }))))),
    };
  };
})();
