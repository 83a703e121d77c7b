// Keeps an open page true without reloading it. Everything works without this file.
//
// What a template says, on any element that has an id:
//   <div id="list" data-live>                    fetched anew from the page's own address when something changes
//   <div id="list" data-live="/console/list">    … from that address, which answers the same page or the inside alone
//   <div id="sheet" data-live data-live-case="HB-…">   only when this case changes, or when the staff's lists do
//   <div id="told" data-live data-live-broadcast="…">   also when the broadcasts of this announcement come further
//   <div id="who" data-live-along>               brought up to date when the page's own address is fetched anyway
//   <span data-live-told hidden></span>          says how fresh the page is; once is enough for a page
//   data-live-keep                               an element that nobody but its own script changes
//   <form data-live-anyway>                      is brought up to date although somebody has typed in it
// The event `live:ask` has everything fetched anew.
// A form in which somebody has typed, what is unfolded, and the focus stay as they are. After each time the document
// gets the event `live:fresh`, whose detail has the ids of what changed.
//
// The line is /console/live (handlers/console/live.py). Where there is none, the page asks from time to time.
'use strict';

(() => {
  const parts = () => [...document.querySelectorAll('[data-live]')];
  if (!parts().length) return;

  const POLL_MS = 15000;
  const SLOW_MS = 60000;
  const GATHER_MS = 120;
  const REST_MS = 1000;

  const told = document.querySelector('[data-live-told]');
  const typed = new WeakSet();
  const wanted = new Set();
  let line = null;
  let lost = false;
  let busy = false;
  let soon = 0;
  let last = Date.now();

  // What is fetched, and put in place

  async function page(address) {
    const answer = await fetch(address, { cache: 'no-store', redirect: 'manual', credentials: 'same-origin', headers: { 'X-Watch': '1' } });
    if (answer.type === 'opaqueredirect' || answer.status === 401) location.reload();
    if (answer.status === 403 || answer.status === 404) return gone();
    if (!answer.ok) throw new Error(answer.status);
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  }

  /** It is no longer theirs: the page says so, unless somebody is writing in it. */
  function gone() {
    if (![...document.forms].some((one) => typed.has(one))) location.reload();
    return null;
  }

  const kept = (node) => node.nodeType === 1 && (typed.has(node) || node.hasAttribute('data-live-keep'));
  const keeps = (node) => kept(node) || (node.nodeType === 1 && [...node.querySelectorAll('form')].some((one) => typed.has(one)));
  const sameFile = (one, other) => one.split('?')[0] === other.split('?')[0];

  const callbacks = {
    beforeNodeMorphed: (old, fresh) => {
      if (kept(old)) return false;
      // A picture's address is signed anew each time; it is the same picture.
      if (old.tagName === 'IMG' && fresh.tagName === 'IMG' && sameFile(old.src, fresh.src)) fresh.src = old.src;
      return true;
    },
    beforeNodeRemoved: (node) => !keeps(node),
    beforeAttributeUpdated: (name, node) => !(name === 'open' && node.tagName === 'DETAILS'),
  };

  function put(old, fresh, morphStyle) {
    Idiomorph.morph(old, fresh, { morphStyle, ignoreActiveValue: true, callbacks });
  }

  async function refresh(some) {
    const addresses = new Map();
    for (const one of some) {
      const address = one.dataset.live || location.pathname + location.search;
      addresses.set(address, [...(addresses.get(address) || []), one]);
    }
    const changed = [];
    for (const [address, ones] of addresses) {
      const fresh = await page(address);
      if (!fresh) return;
      const own = !ones[0].dataset.live;
      for (const one of own ? [...ones, ...document.querySelectorAll('[data-live-along]')] : ones) {
        const twin = fresh.getElementById(one.id);
        const before = one.innerHTML;
        if (twin) put(one, twin, 'outerHTML');
        else if (!own) put(one, fresh.body.innerHTML, 'innerHTML');
        if (one.innerHTML !== before) changed.push(one.id);
      }
    }
    document.dispatchEvent(new CustomEvent('live:fresh', { detail: changed }));
  }

  async function work() {
    if (busy || document.hidden || !wanted.size) return;
    busy = true;
    const some = [...wanted].map((id) => document.getElementById(id)).filter(Boolean);
    wanted.clear();
    try {
      await refresh(some);
      last = Date.now();
      say('刚刚更新');
    } catch (failed) {
      some.forEach((one) => wanted.add(one.id));
      say('暂时连不上，还在试');
    }
    setTimeout(() => { busy = false; work(); }, REST_MS);
  }

  function want(some) {
    some.forEach((one) => wanted.add(one.id));
    if (!wanted.size) return;
    clearTimeout(soon);
    soon = setTimeout(work, GATHER_MS);
  }

  function say(words) {
    if (!told) return;
    told.hidden = false;
    told.textContent = words;
  }

  // The line

  function connect() {
    if (line || document.hidden || !window.EventSource) return;
    line = new EventSource('/console/live');
    line.addEventListener('open', () => {
      if (lost) want(parts());
      lost = false;
      say('自动更新');
    });
    line.addEventListener('case', (event) => {
      const { case_no: caseNo } = JSON.parse(event.data);
      want(parts().filter((one) => !one.dataset.liveCase || one.dataset.liveCase.split(' ').includes(caseNo)));
    });
    line.addEventListener('broadcast', (event) => {
      const { announcement_id: announcementId } = JSON.parse(event.data);
      want(parts().filter((one) => one.dataset.liveBroadcast === announcementId));
    });
    line.addEventListener('box', () => want(parts()));
    line.addEventListener('over', () => location.reload());
    line.addEventListener('error', () => {
      lost = true;
      if (line.readyState !== EventSource.CLOSED) return;
      hangUp();
      say(`每 ${POLL_MS / 1000} 秒更新一次`);
      setTimeout(connect, SLOW_MS);
    });
  }

  function hangUp() {
    if (line) line.close();
    line = null;
  }

  /** Without a line it asks; with one it still does once a minute, as what is left of a promise changes by itself. */
  function tick() {
    const whole = line && line.readyState === EventSource.OPEN;
    if (Date.now() - last >= (whole ? SLOW_MS : POLL_MS)) {
      last = Date.now();
      want(parts());
    } else if (whole && Date.now() - last > 10000) say('自动更新');
  }

  document.addEventListener('input', (event) => { if (event.target.form && event.target.form.method === 'post' && !event.target.form.hasAttribute('data-live-anyway')) typed.add(event.target.form); });
  document.addEventListener('live:ask', () => want(parts()));
  document.addEventListener('reset', (event) => typed.delete(event.target));
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      hangUp();
      lost = true;
    } else connect();
  });
  addEventListener('pagehide', hangUp);
  addEventListener('pageshow', (event) => { if (event.persisted) { lost = true; connect(); } });
  setInterval(tick, 1000);
  connect();
})();
