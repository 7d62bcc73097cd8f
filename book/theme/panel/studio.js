// What the parts of the studio's panel share. The studio alone has such a host name; anywhere else `window.studio` stays
// undefined, and all parts do nothing and ask nobody anything.
(() => {
  if (!/^workbook(-\d+)?\.localhost$/.test(location.hostname)) return;

  const element = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in made) made[name] = value; else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };

  // Text with `code` in it.
  const words = (text) => text.split("`").map((piece, place) => (place % 2 ? element("code", { textContent: piece }) : piece));

  // What is said instead of a browser's own words, such as "Failed to fetch" or "network error".
  const AWAY = "no connection to the studio.";
  const plain = (error) => (error instanceof TypeError ? new Error(`there is ${AWAY}`) : error);
  // An error that stands alone.
  const sentence = ({ message }) => message.charAt(0).toUpperCase() + message.slice(1);

  const ask = (path, method = "GET", body = undefined, options = {}) => fetch(`/api/${path}`, {
    method, ...options,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  }).catch((error) => { throw plain(error); });

  // The answer as data; an error with the studio's sentence if it refuses.
  const asked = async (...request) => {
    const answer = await ask(...request);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.status === 204 ? null : answer.json();
  };

  // What a window keeps. Where nothing may be kept, it goes without.
  const kept = {
    get: (name, otherwise = null) => {
      try { return JSON.parse(localStorage.getItem(`workbook.${name}`)) ?? otherwise; } catch { return otherwise; }
    },
    set: (name, value) => {
      try { localStorage.setItem(`workbook.${name}`, JSON.stringify(value)); } catch { /* it is full, or forbidden */ }
    },
    remove: (name) => { try { localStorage.removeItem(`workbook.${name}`); } catch { /* as above */ } },
    // All names that begin like this.
    names: (beginning) => {
      try { return Object.keys(localStorage).filter((name) => name.startsWith(`workbook.${beginning}`)).map((name) => name.slice("workbook.".length)); } catch { return []; }
    },
  };

  // A path below the book, without its ending: `basics/log-out`.
  const page = decodeURIComponent(location.pathname).replace(/^\//, "").replace(/\.html$/, "").replace(/^(index)?$/, "introduction");

  const place = page === "print" ? null : document.querySelector(".live");
  const { lesson, exercise } = place?.dataset ?? {};

  window.studio = {
    element, words, ask, asked, plain, sentence, kept, page, place, AWAY,
    onPaper: page === "print",
    // What the page speaks of, as the studio calls it.
    program: place && (lesson ? `lesson-${lesson}` : `exercise-${exercise}`),
  };
})();
