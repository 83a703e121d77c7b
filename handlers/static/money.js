// How much of a file has been sent, and how far it has been posted. Everything works without this file.
'use strict';

(() => {
  const LOOK_MS = 800;

  // Sending

  const form = () => document.querySelector('[data-sending]');

  function tell(percent) {
    const line = form().querySelector('[data-sent-so-far]');
    line.hidden = false;
    line.querySelector('progress').value = percent;
    line.querySelector('span').textContent = percent < 100 ? `已传 ${percent} %` : '已传完，请稍等';
  }

  /** The answer is a page: the file's own, or this one again with what is wrong. */
  function answered(request) {
    if (request.responseURL && new URL(request.responseURL).pathname !== location.pathname) {
      location.assign(request.responseURL);
      return;
    }
    const fresh = new DOMParser().parseFromString(request.responseText, 'text/html');
    document.getElementById('main').replaceWith(document.adoptNode(fresh.getElementById('main')));
    listen();
  }

  function broken() {
    const sending = form();
    sending.querySelector('[data-sent-so-far] span').textContent = '没有传完，请检查网络后再传一次';
    sending.querySelector('button').disabled = false;
    delete sending.dataset.sent;
  }

  function send(event) {
    event.preventDefault();
    const sending = event.target;
    const request = new XMLHttpRequest();
    request.open('POST', sending.action);
    request.setRequestHeader('X-Watch', '1');
    request.upload.addEventListener('progress', (at) => at.lengthComputable && tell(Math.floor((100 * at.loaded) / at.total)));
    request.addEventListener('load', () => answered(request));
    request.addEventListener('error', broken);
    request.addEventListener('timeout', broken);
    tell(0);
    sending.querySelector('button').disabled = true;
    request.send(new FormData(sending));
  }

  function listen() {
    form()?.addEventListener('submit', send);
  }

  listen();

  // Posting

  async function look() {
    const part = document.querySelector('[data-watch]');
    if (!part) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: 'no-store', credentials: 'same-origin', headers: { 'X-Watch': '1' } });
        if (answer.redirected) return location.reload();
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('progress');
        if (answer.ok && fresh) part.replaceWith(document.adoptNode(fresh));
      } catch (failed) { /* the next look may reach it */ }
    }
    setTimeout(look, LOOK_MS);
  }

  setTimeout(look, LOOK_MS);
})();
