// Tabs, as WAI-ARIA has them: one is chosen, arrow keys choose another.
(() => {
  const { studio } = window;
  if (!studio) return;
  const { element } = studio;

  // `views`: for each its name and its element, in order. `onChoose` is called with a name.
  studio.tabs = (label, views, onChoose) => {
    const list = element("div", { role: "tablist", className: "tabs", "aria-label": label });
    const tabs = views.map(({ name, title, view }) => {
      view.id ||= `panel-${name}`;
      view.setAttribute("aria-labelledby", `tab-${name}`);
      view.setAttribute("role", "tabpanel");
      return element("button", {
        type: "button", role: "tab", id: `tab-${name}`, textContent: title, "aria-controls": view.id, onclick: () => choose(name),
      });
    });
    const choose = (name, focus = false) => {
      views.forEach((view, place) => {
        const is = view.name === name;
        tabs[place].setAttribute("aria-selected", is);
        tabs[place].tabIndex = is ? 0 : -1;
        if (is && focus) tabs[place].focus();
      });
      onChoose(name);
    };
    list.append(...tabs);
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const place = tabs.indexOf(document.activeElement);
      const next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step && (place + step + tabs.length) % tabs.length;
      if (next === undefined || place < 0) return;
      event.preventDefault();
      choose(views[next].name, true);
    });
    return { list, choose, tab: (name) => tabs[views.findIndex((view) => view.name === name)] };
  };
})();
