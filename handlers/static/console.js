// Everything works without this file; with it the list keeps itself fresh and the keyboard is enough.
'use strict';

const EVERY_MS = 10000;
const list = document.querySelector('[data-list]');
const sheet = document.querySelector('[data-case]');
const search = document.querySelector('[data-search]');
let chosen = null;

async function page(address) {
  const answer = await fetch(address, { cache: 'no-store', redirect: 'manual', credentials: 'same-origin' });
  if (answer.type === 'opaqueredirect') location.reload();
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

// On a phone a row of a table is a card: each cell says what it is.
for (const table of document.querySelectorAll('.records')) {
  const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent.trim());
  for (const row of table.querySelectorAll('tbody tr')) {
    [...row.cells].forEach((cell, index) => { if (heads[index]) cell.dataset.label = heads[index]; });
  }
}

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

function replaceList(fresh) {
  const before = new Map(rows().map((row) => [row.dataset.row, row.dataset.version]));
  const focused = document.activeElement && list.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  list.replaceChildren(...fresh.body.childNodes);
  for (const row of rows()) {
    if (before.get(row.dataset.row) !== row.dataset.version) row.classList.add('fresh');
    if (row.dataset.row === chosen) row.classList.add('sel');
  }
  if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden) return;
  const told = document.querySelector('[data-fresh-at]');
  try {
    replaceList(await page(list.dataset.list));
    told.textContent = new Date().toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  } catch (gone) {
    told.textContent = '暂时连不上，还在试';
  }
}

// A case

async function watch() {
  if (document.hidden) return;
  try {
    const fresh = (await page(location.origin + '/console/cases/' + sheet.dataset.case + '?watch=1')).querySelector('[data-case]');
    const same = fresh && fresh.dataset.version === sheet.dataset.version && fresh.dataset.said === sheet.dataset.said;
    if (fresh && !same) document.querySelector('[data-changed]').hidden = false;
  } catch (gone) { /* the next round tries again */ }
}

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
  if (writing) return;
  const key = event.key.toLowerCase();
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

if (document.querySelector('[data-until]')) setInterval(tick, 1000);

if (list) {
  list.addEventListener('focusin', (event) => { if (event.target.matches('[data-row]')) choose(event.target); });
  try { chosen = sessionStorage.getItem('chosen') || null; } catch (refused) { /* private windows */ }
  rows().find((row) => row.dataset.row === chosen)?.classList.add('sel');
  document.querySelector('[data-fresh]').hidden = false;
  setInterval(refresh, EVERY_MS);
  document.addEventListener('visibilitychange', refresh);
} else if (sheet) {
  setInterval(watch, EVERY_MS);
  document.addEventListener('visibilitychange', watch);
}
