// What mdBook's page leaves to be done for those who do not use a mouse or do not see the page.
(() => {
  const { studio } = window;
  if (!studio || studio.onPaper) return;

  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
  document.getElementById("mdbook-search-wrapper").setAttribute("role", "search");
  document.getElementById("mdbook-searchbar").setAttribute("aria-label", "Search this book");

  // A label is said to expand something, and no key reaches it: a button takes its place, and presses it.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const button = studio.element("button", {
    type: "button", className: "icon-button", title: label.title, "aria-label": label.title, "aria-controls": "mdbook-sidebar", onclick: () => label.click(),
  }, ...label.childNodes);
  const follow = () => button.setAttribute("aria-expanded", label.getAttribute("aria-expanded"));
  new MutationObserver(follow).observe(label, { attributeFilter: ["aria-expanded"] });
  follow();
  label.hidden = true;
  label.after(button);

  // What scrolls sideways can be scrolled by key.
  const reach = () => document.querySelectorAll("main pre code").forEach((code) => {
    if (code.scrollWidth > code.clientWidth) code.tabIndex = 0; else code.removeAttribute("tabindex");
  });
  addEventListener("resize", reach);
  reach();
})();
