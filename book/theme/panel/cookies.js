// Whether the browser keeps the demos' cookies: WebKit drops those that are `Secure` where a page came by plain http.
(() => {
  const { studio } = window;
  if (!studio?.place) return;
  const { element, words } = studio;

  const FORGETS = "This browser refuses `Secure` cookies over plain http, so the demos forget you. Stop the studio, and start it with `cargo run -- --without-secure`.";
  const TAKEN = "The studio runs with `--without-secure`: it removes `Secure` from each cookie for your browser. The inspector shows what the program sent. If a demo still forgets you, your browser keeps no cookies in frames: press “In a tab”.";

  const keepsSecure = () => {
    document.cookie = "workbook-probe=1; Secure; SameSite=Strict";
    const keeps = document.cookie.includes("workbook-probe=1");
    document.cookie = "workbook-probe=; Secure; SameSite=Strict; Max-Age=0";
    return keeps;
  };
  const isTaken = async () => (await fetch(location.href, { method: "HEAD" })).headers.has("x-workbook-without-secure");

  const note = element("p", { className: "note away", role: "status" });
  isTaken().then((is) => {
    const told = is ? TAKEN : keepsSecure() ? "" : FORGETS;
    note.append(...words(told).filter((part) => part !== ""));
  }).catch(() => {}); // the studio is away, and that is told elsewhere
  studio.cookieNote = note;
})();
