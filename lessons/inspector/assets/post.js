// Asks the server to do something; what it says of a failure is shown.
export const show = (id, visible) => { document.getElementById(id).hidden = !visible; };
export const say = (text) => { document.getElementById("said").textContent = text; };

// Gives the sentence of a failure, and nothing where all went well.
export const ask = async (path, fields) => {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  return answer.ok ? "" : answer.text();
};

export const post = async (path, fields) => say(await ask(path, fields));

export const get = async (path) => {
  const answer = await fetch(path);
  if (answer.ok) return answer.json();
  say(await answer.text());
  return undefined;
};
