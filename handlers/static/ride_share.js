// Asks for this page anew every few seconds while somebody looks at it, and puts what came in its place.
'use strict';

(() => {
  const part = () => document.getElementById('ride');
  let timer = 0;

  function again() {
    clearTimeout(timer);
    const every = Number(part().dataset.every);
    if (every && !document.hidden) timer = setTimeout(look, every * 1000);
  }

  async function look() {
    try {
      const answer = await fetch(location.href, { credentials: 'omit', cache: 'no-store' });
      const came = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('ride');
      if (came && came.innerHTML !== part().innerHTML) part().replaceWith(came);
    } catch (offline) { /* the next time */ }
    again();
  }

  document.addEventListener('visibilitychange', () => { if (!document.hidden && part().dataset.every) look(); });
  again();
})();
