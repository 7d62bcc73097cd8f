// The editor of code: mdBook's own, which is loaded where it is needed and nowhere else.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element } = studio;

  const load = (file) => new Promise((resolve, reject) => {
    document.head.append(element("script", { src: `/editor/${file}`, onload: resolve, onerror: () => reject(new Error(`${file} is missing`)) }));
  });
  const isDark = () => ["coal", "navy", "ayu"].some((theme) => document.documentElement.classList.contains(theme));
  const theme = () => `ace/theme/${isDark() ? "tomorrow_night" : "dawn"}`;
  // Commands that mdBook's copy brings no code for.
  const ABSENT = ["find", "findnext", "findprevious", "replace", "showSettingsMenu", "gotoline"];

  // Gives the editor, in the element `box`; `leave` is called at Esc, since Tab indents, and sets the focus behind it.
  studio.editor = async (box, leave) => {
    await load("ace.js");
    await Promise.all(["mode-rust.js", "theme-dawn.js", "theme-tomorrow_night.js"].map(load));
    const { ace } = window;
    ace.config.set("basePath", "/editor");
    const editor = ace.edit(box, { showPrintMargin: false, fontSize: 13, scrollPastEnd: 0.3, theme: theme(), useWorker: false });
    editor.$blockScrolling = Infinity;
    editor.commands.removeCommands(ABSENT);
    editor.commands.addCommand({ name: "leave", bindKey: "Esc", exec: () => (editor.inMultiSelectMode ? editor.exitMultiSelectMode() : leave()) });
    editor.textInput.getElement().setAttribute("aria-label", "Your code. Tab indents. Escape leaves the editor, and Tab then moves on.");
    new MutationObserver(() => editor.setTheme(theme())).observe(document.documentElement, { attributeFilter: ["class"] });
    new ResizeObserver(() => editor.resize()).observe(box);

    return {
      session: (path, text) => {
        const session = ace.createEditSession(text, path.endsWith(".rs") ? "ace/mode/rust" : "ace/mode/text");
        session.setOptions({ useWorker: false, tabSize: path.endsWith(".rs") ? 4 : 2, useSoftTabs: true, wrap: true, indentedSoftWrap: true });
        return session;
      },
      show: (session) => editor.setSession(session),
      // The whole text anew; that can be undone, and the cursor stays where it was.
      rewrite: (session, text) => {
        const place = session.selection.getCursor();
        const { Range } = ace.require("ace/range");
        session.replace(new Range(0, 0, session.getLength(), 0), text);
        session.selection.moveCursorToPosition(place);
        session.selection.clearSelection();
      },
      goTo: (line) => { editor.resize(true); editor.gotoLine(line, 0, false); editor.navigateLineStart(); editor.scrollToLine(line - 1, true, false); editor.focus(); },
      line: () => editor.getCursorPosition().row + 1,
      focus: () => editor.focus(),
    };
  };
})();
