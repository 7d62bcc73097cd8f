// What the lab cannot do without a script: tell the page that frames it, and look again after mallory's page.
const { attack } = document.querySelector("[data-attack]").dataset;
const verdict = document.getElementById("verdict");
if (verdict && parent !== window) parent.postMessage({ attack }, "*"); // no secret, whoever frames this

// A visitor who comes back from a page that was opened from here may have changed the books.
let wasAway = false;
document.querySelectorAll("a[target]").forEach((link) => link.addEventListener("click", () => { wasAway = true; }));
document.addEventListener("visibilitychange", () => { if (wasAway && !document.hidden) location.reload(); });
