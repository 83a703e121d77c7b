// Everything works without this file; with it the keyboard is enough. What keeps a page fresh is live.js.
'use strict';

const list = document.querySelector('[data-list]');
const sheet = document.querySelector('[data-case]');
const search = document.querySelector('[data-search]');
const help = document.querySelector('dialog[data-keys]');
let chosen = null;

// On a phone a row of a table is a card: each cell says what it is.
function label() {
  for (const table of document.querySelectorAll('.records')) {
    const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll('tbody tr')) {
      [...row.cells].forEach((cell, index) => { if (heads[index]) cell.dataset.label = heads[index]; });
    }
  }
}

label();

// The inbox

const rows = () => [...list.querySelectorAll('[data-row]')];

function choose(row) {
  for (const one of rows()) one.classList.toggle('sel', one === row);
  chosen = row ? row.dataset.row : null;
  try { sessionStorage.setItem('chosen', chosen || ''); } catch (refused) { /* private windows */ }
}

function step(by) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.row === chosen);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!next) return;
  choose(next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

let versions = list ? seen() : new Map();

function seen() {
  return new Map(rows().map((row) => [row.dataset.row, row.dataset.version]));
}

function freshList() {
  for (const row of rows()) {
    row.classList.toggle('fresh', versions.get(row.dataset.row) !== row.dataset.version);
    row.classList.toggle('sel', row.dataset.row === chosen);
  }
  versions = seen();
}

// A case

let version = sheet ? sheet.dataset.version : '';

function freshCase() {
  const now = document.querySelector('[data-case]');
  if (!now || now.dataset.version === version) return;
  version = now.dataset.version;
  document.querySelector('[data-changed]').hidden = false;
  now.querySelector('.now').classList.add('fresh');
}

document.addEventListener('live:fresh', () => {
  label();
  if (list) freshList();
  if (sheet) freshCase();
});

function begin(letter) {
  const act = [...document.querySelectorAll('[data-letter]')].find((one) => one.dataset.letter === letter);
  if (!act) return false;
  if (act.tagName === 'DETAILS') act.open = true;
  const field = act.querySelector('textarea, input:not([type=hidden]):checked, input:not([type=hidden]):not([disabled])') || act.querySelector('button');
  field.focus();
  act.scrollIntoView({ block: 'nearest' });
  return true;
}

// Keys and forms

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const writing = event.target.matches('input:not([type=radio]):not([type=checkbox]), textarea, select');
  if (event.key === 'Escape') document.activeElement.blur();
  if (writing || (help && help.open)) return;
  const key = event.key.toLowerCase();
  if (key === '?' && help) {
    event.preventDefault();
    help.showModal();
    return;
  }
  const done = list ? inboxKey(key) : sheet ? (key === 'u' ? (location.assign(document.querySelector('[data-back]').href), true) : begin(key)) : false;
  if (done) event.preventDefault();
}

function inboxKey(key) {
  if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
  else if (key === '/') search.select();
  else if (key === 'enter' && chosen && document.activeElement === document.body) rows().find((row) => row.dataset.row === chosen)?.click();
  else return false;
  return true;
}

document.addEventListener('keydown', pressed);
for (const one of document.querySelectorAll('[data-keys-open]')) one.addEventListener('click', () => help.showModal());
for (const one of document.querySelectorAll('[data-print]')) one.addEventListener('click', () => print());
document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-once]')) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = 'yes';
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('[data-sent]')) delete form.dataset.sent;
});

// An offer: how long there is to answer

function tick() {
  for (const one of document.querySelectorAll('[data-until]')) {
    const left = Math.max(Math.floor((new Date(one.dataset.until) - Date.now()) / 1000), 0);
    one.textContent = left ? `还剩 ${Math.floor(left / 60)} 分 ${left % 60} 秒` : '时间已过';
  }
}

setInterval(tick, 1000);

if (list) {
  list.addEventListener('focusin', (event) => { if (event.target.matches('[data-row]')) choose(event.target); });
  try { chosen = sessionStorage.getItem('chosen') || null; } catch (refused) { /* private windows */ }
  rows().find((row) => row.dataset.row === chosen)?.classList.add('sel');
}
