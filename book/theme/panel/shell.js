// The panel's place on the page: beside the text where the window is wide, in its stead where it is narrow.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, kept } = studio;

  const WIDE = matchMedia("(min-width: 1000px)");
  const STEP = 32;
  const LEAST = 340;
  const root = document.documentElement;
  const most = () => Math.max(LEAST, innerWidth - 380);

  const panel = element("aside", { id: "panel", "aria-label": "Panel of the studio", tabIndex: -1 });
  const separator = element("div", {
    className: "separator", role: "separator", tabIndex: 0,
    "aria-orientation": "vertical", "aria-label": "Width of the panel", "aria-controls": "panel", "aria-valuemin": LEAST,
  });

  const settle = () => {
    separator.setAttribute("aria-valuenow", Math.round(panel.getBoundingClientRect().width));
    separator.setAttribute("aria-valuemax", most());
  };
  const widen = (width) => {
    if (width === null) root.style.removeProperty("--panel-chosen");
    else root.style.setProperty("--panel-chosen", `${Math.min(most(), Math.max(LEAST, width))}px`);
    settle();
  };
  const choose = (width) => { widen(width); kept.set("panel.width", width); };
  const width = () => panel.getBoundingClientRect().width;

  separator.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: () => width() + STEP, ArrowRight: () => width() - STEP, Home: () => LEAST, End: most, Enter: () => null }[event.key];
    if (!to) return;
    event.preventDefault();
    choose(to());
  });
  separator.addEventListener("dblclick", () => choose(null));
  separator.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    separator.setPointerCapture(event.pointerId);
    root.classList.add("panel-moves"); // the frames would take the pointer
    separator.onpointermove = ({ clientX }) => widen(innerWidth - clientX);
    separator.onlostpointercapture = () => {
      separator.onpointermove = null;
      root.classList.remove("panel-moves");
      kept.set("panel.width", Math.round(width()));
    };
  });

  // Wide: open or closed, and that is remembered. Narrow: the text or the panel.
  const text = document.getElementById("mdbook-body-container");
  const onShow = [];
  const state = { open: kept.get("panel.open", true), panel: false };
  const isShown = () => (WIDE.matches ? state.open : state.panel);
  const opener = element("button", { type: "button", className: "panel-opener", textContent: "Open the panel", onclick: () => open(true) });
  const switches = ["Text", "Panel"].map((title, place) => element("button", {
    type: "button", textContent: title, onclick: () => turn(place === 1),
  }));
  const bar = element("nav", { className: "panel-switch", "aria-label": "Text or panel" }, ...switches);

  const arrange = () => {
    const shown = isShown();
    root.classList.toggle("panel-shown", shown);
    panel.inert = !shown;
    text.inert = !WIDE.matches && shown;
    switches.forEach((button, place) => button.setAttribute("aria-pressed", (place === 1) === state.panel));
    widen(kept.get("panel.width"));
    if (shown) onShow.splice(0).forEach((begin) => begin());
  };
  const open = (is) => {
    state.open = is;
    kept.set("panel.open", is);
    arrange();
    (is ? panel : opener).focus();
  };
  const turn = (to) => { state.panel = to; arrange(); };
  const reveal = () => { if (!isShown()) { if (WIDE.matches) open(true); else turn(true); } };

  const skip = element("a", { href: "#panel", className: "skip-link", textContent: "Skip to the panel", onclick: (event) => {
    event.preventDefault();
    reveal();
    panel.focus();
  } });
  const closer = element("button", { type: "button", className: "closer", textContent: "Close", title: "Close the panel", onclick: () => open(false) });

  // mdBook turns the page at an arrow key and searches at an S, wherever they are typed.
  panel.addEventListener("keydown", (event) => event.stopPropagation());
  WIDE.addEventListener("change", arrange);
  addEventListener("resize", settle);

  // Code of the text is up to 120 columns wide. Unless somebody wants the sidebar, it makes room.
  const ROOM = matchMedia("(min-width: 1600px)");
  const sidebar = document.getElementById("mdbook-sidebar-toggle-anchor");
  let wanted = null;
  try { wanted = localStorage.getItem("mdbook-sidebar"); } catch { /* nothing is kept here */ }
  const fold = () => {
    root.classList.add("panel-folds"); // at once: a page that is opened does not move
    requestAnimationFrame(() => requestAnimationFrame(() => root.classList.remove("panel-folds")));
    sidebar.checked = false;
    root.classList.remove("sidebar-visible");
    document.getElementById("mdbook-sidebar").setAttribute("aria-hidden", true);
    document.getElementById("mdbook-sidebar").style.display = "none";
    document.getElementById("mdbook-sidebar-toggle").setAttribute("aria-expanded", false);
    document.querySelectorAll("#mdbook-sidebar a").forEach((link) => { link.tabIndex = -1; });
  };
  if (!wanted && !ROOM.matches && state.open && WIDE.matches && sidebar.checked) fold();

  studio.shell = {
    panel, closer, reveal,
    // Calls once the panel is seen for the first time: a demo that nobody looks at is not started.
    whenShown: (begin) => { if (isShown()) begin(); else onShow.push(begin); },
    // Puts it on the page.
    fill: (...parts) => {
      panel.append(separator, ...parts);
      document.body.prepend(skip);
      document.body.append(opener, panel, bar);
      root.classList.add("studio");
      arrange();
    },
  };
})();
