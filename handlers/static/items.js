// The form of an item: rows are added and moved without asking the server. Without this file the buttons ask it.
'use strict';

const written = document.querySelector('.item-sheet');
let count = 1000;

function add(name) {
  const made = document.querySelector(`[data-blank="${name}"]`).content.cloneNode(true);
  count += 1;
  for (const one of made.querySelectorAll('[name]')) one.name = one.name.replace('.NEXT.', `.${count}.`);
  const row = made.firstElementChild;
  document.querySelector(`[data-rows="${name}"]`).append(made);
  ready(row);
  row.querySelector('input:not([type=hidden])').focus();
}

function ready(row) {
  const up = row.querySelector('[data-up]');
  up.hidden = false;
  up.addEventListener('click', () => {
    if (row.previousElementSibling) row.previousElementSibling.before(row);
    up.focus();
  });
}

// The place that is wrong, such as materials[2].copies, is looked for and shown.
function show(place) {
  const at = place.match(/^(fields|materials|hints)\[(\d+)\](?:\.(\w+))?/);
  const found = at
    ? document.querySelectorAll(`[data-row-of="${at[1]}"]`)[Number(at[2])]
    : written.querySelector(`[name="${CSS.escape(place)}"]`);
  if (!found) return;
  found.classList.add('off');
  const box = at && at[3] ? found.querySelector(`[name$=".${at[3]}"]`) : found;
  (box || found).scrollIntoView({ block: 'center' });
  if (box && box.matches('input, select, textarea')) box.focus({ preventScroll: true });
}

for (const one of document.querySelectorAll('[data-more]')) {
  one.addEventListener('click', (event) => {
    event.preventDefault();
    add(one.dataset.more);
  });
}
for (const one of document.querySelectorAll('[data-rows] > [data-row-of]')) ready(one);
const wrong = document.querySelector('[data-wrong]');
if (wrong && wrong.dataset.wrong) show(wrong.dataset.wrong);
