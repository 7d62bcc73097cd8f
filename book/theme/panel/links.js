// What a lesson serves when it runs alone, at `localhost:4001` and names below it, the studio serves as well; and its
// inspector, which has a site of its own in both. So links lead to what runs; `data-alone` is one that leads to a program which
// the text has the reader start in a terminal.
(() => {
  const { studio } = window;
  if (!studio) return;

  const inspectorOf = (program) => `${program}.inspector.localhost:${location.port}`;
  const programOf = (digit, number) => `${digit === "1" ? "exercise" : "lesson"}-${number}`;

  const here = (address) => {
    const [, label = "", kind, number] = address.host.match(/^(?:(\w+)\.)?localhost:4([01]0|05)([1-8])$/) ?? [];
    if (!number) return address.host;
    if (kind === "05") return label === "inspector" ? inspectorOf(`lesson-${number}`) : address.host;
    if (label === "evil") return `evil.localhost:${location.port}`;
    return `${label && `${label}.`}${programOf(kind[0], number)}.${location.host}`;
  };

  document.querySelectorAll("main a[href^='http']:not([data-alone])").forEach((link) => {
    const host = here(link);
    if (host === link.host) return;
    link.textContent = link.textContent.replace(link.host, host);
    link.host = host;
  });

  studio.inspectorOf = inspectorOf;
})();
