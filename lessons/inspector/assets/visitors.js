// Shows the exchanges of one visitor, or of all.
import * as life from "/life.js";

const select = document.getElementById("visitor");
const list = document.getElementById("events");

const filter = (item) => {
  const { visitor } = item.dataset;
  item.hidden = select.value !== "" && visitor !== undefined && visitor !== select.value;
};

export const begin = () => {
  select.length = 1;
};

export const note = (item) => {
  const { visitor } = item.dataset;
  if (visitor === undefined) return;
  const isKnown = [...select.options].some((option) => option.value === visitor);
  if (!isKnown) select.add(new Option(visitor === "-" ? "no cookie" : visitor, visitor));
  filter(item);
};

select.addEventListener("change", () => {
  [...list.children].forEach(filter);
  life.draw();
});
