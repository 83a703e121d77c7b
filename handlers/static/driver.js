// The driver's page: says where the car is while its driver is on duty, rings for an offer, keeps the countdown, and sends
// forms without leaving the page, so that the sound that a first tap has allowed stays allowed. Everything but the sending
// of positions works without this file.
//
// What the template says:
//   #driver            the part that is fetched anew; data-duty "on" or "off", data-every the seconds between positions
//   data-offer="id"    an offer; data-left the seconds there are by the server's clock, data-whole of how many
//   data-ring, data-left-text   inside it: the circle that runs out, and the number
//   data-waiting="65"  seconds that the car waits already, data-free of which so many cost nothing
//   #car               what only this file knows: data-where="asking|sent|refused|lost|none" one of which is shown,
//                      data-sound to allow the sound, data-offline
'use strict';

(() => {
  const page = () => document.getElementById('driver');
  if (!page()) return;

  const RING_MS = 2400;
  const AGAIN_MS = 3000;
  const OVER_MS = 1000;
  const LONGEST_MS = 15000;
  const STALE_MS = 60000;

  const part = (name) => document.querySelector(`#car [data-${name}]`);
  const form = (fields) => new URLSearchParams({ _xsrf: page().dataset.xsrf, ...fields });
  const rest = (ms) => new Promise((done) => { setTimeout(done, ms); addEventListener('online', done, { once: true }); });

  // Where the car is

  let watch = null;
  let fix = null;
  let beat = 0;
  let sending = false;
  let known = false;
  let lock = null;

  function where(state) {
    for (const one of document.querySelectorAll('#car [data-where]')) one.hidden = one.dataset.where !== state;
  }

  function drive() {
    const on = page().dataset.duty === 'on';
    if (on && watch === null) depart();
    if (!on && watch !== null) halt();
    if (on) stayAwake();
  }

  function depart() {
    if (!navigator.geolocation) {
      where('none');
      return;
    }
    where('asking');
    watch = navigator.geolocation.watchPosition(found, lost, { enableHighAccuracy: true, maximumAge: 2000, timeout: 20000 });
    beat = setInterval(tell, Number(page().dataset.every) * 1000);
  }

  function found(one) {
    const first = !fix;
    fix = one;
    if (first) tell();
  }

  function lost(refused) {
    where(refused.code === refused.PERMISSION_DENIED ? 'refused' : 'lost');
  }

  function halt() {
    navigator.geolocation.clearWatch(watch);
    clearInterval(beat);
    watch = fix = null;
    known = false;
    where('');
    lock?.release().catch(() => {});
    lock = null;
  }

  /** A car that stands reports nothing by itself: what is known is told again, and asked for anew when it is old. */
  async function tell() {
    if (!fix || sending) return;
    if (Date.now() - fix.timestamp > STALE_MS) navigator.geolocation.getCurrentPosition(found, lost, { enableHighAccuracy: true, timeout: 20000 });
    sending = true;
    const { longitude: lng, latitude: lat, heading, speed, accuracy } = fix.coords;
    const more = Object.entries({ heading, speed_mps: speed, accuracy_m: accuracy }).filter(([, value]) => Number.isFinite(value));
    try {
      const answer = await fetch('/console/driver/position', {
        method: 'POST', credentials: 'same-origin', redirect: 'manual', signal: AbortSignal.timeout(LONGEST_MS), body: form({ lng, lat, ...Object.fromEntries(more) }),
      });
      if (answer.status === 401 || answer.status === 403) location.reload();
      where(answer.ok ? 'sent' : 'lost');
      if (answer.ok && !known) document.dispatchEvent(new Event('live:ask'));
      known = answer.ok;
      offline(false);
    } catch (failed) {
      offline(true);
    }
    sending = false;
  }

  async function stayAwake() {
    if (lock || document.hidden || !navigator.wakeLock) return;
    try {
      lock = await navigator.wakeLock.request('screen');
      lock.addEventListener('release', () => { lock = null; });
    } catch (refused) { /* a low battery, or somebody else's window */ }
  }

  // An offer rings until it is answered, touched or over

  let sound = null;
  let heard = null;
  let hushed = null;
  const ends = new Map();

  const mayRing = () => sound && sound.state === 'running';
  const offerNow = () => document.querySelector('[data-offer]');

  function allowSound() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return;
    sound = sound || new Context();
    sound.resume().then(showSound).catch(() => {});
  }

  function showSound() {
    part('sound').hidden = mayRing() || page().dataset.duty !== 'on';
  }

  function tone(from, hertz) {
    const source = sound.createOscillator();
    const gain = sound.createGain();
    source.frequency.value = hertz;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(0.5, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + 0.28);
    source.connect(gain).connect(sound.destination);
    source.start(from);
    source.stop(from + 0.3);
  }

  function ring() {
    const offer = offerNow();
    if (!offer || offer.dataset.offer === hushed || left(offer) <= 0) return;
    document.body.dataset.rang = offer.dataset.offer;
    if (mayRing()) [0, 0.32, 0.64].forEach((after, index) => tone(sound.currentTime + after, index === 2 ? 1175 : 880));
    if (navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate([300, 120, 300]);
  }

  function left(offer) {
    const told = `${offer.dataset.offer}|${offer.dataset.left}`;
    const known = ends.get(offer.dataset.offer);
    if (!known || known.told !== told) ends.set(offer.dataset.offer, { told, at: performance.now() + Number(offer.dataset.left) * 1000 });
    return (ends.get(offer.dataset.offer).at - performance.now()) / 1000;
  }

  let asked = 0;

  function tick() {
    const offer = offerNow();
    document.title = offer ? '有新单！请接单' : '我的车';
    if (offer) {
      const seconds = Math.max(left(offer), 0);
      offer.querySelector('[data-left-text]').textContent = Math.ceil(seconds);
      offer.querySelector('[data-ring]').setAttribute('stroke-dashoffset', 100 - (100 * seconds) / Number(offer.dataset.whole));
      // The server may still show what has just run out, as it counts whole seconds: asked until it does not.
      if (!seconds && performance.now() - asked > OVER_MS) {
        asked = performance.now();
        document.dispatchEvent(new Event('live:ask'));
      }
      if (offer.dataset.offer !== heard) {
        heard = offer.dataset.offer;
        ring();
      }
    }
    wait();
  }

  let waited = null;

  /** The free minutes at the pickup, and what has gone beyond them. */
  function wait() {
    const clock = document.querySelector('[data-waiting]');
    if (!clock) {
      waited = null;
      return;
    }
    if (!waited || waited.told !== clock.dataset.waiting) waited = { told: clock.dataset.waiting, since: performance.now() - Number(clock.dataset.waiting) * 1000 };
    const free = Number(clock.dataset.free) - (performance.now() - waited.since) / 1000;
    const minutes = Math.floor(Math.abs(free) / 60);
    const seconds = String(Math.floor(Math.abs(free) % 60)).padStart(2, '0');
    clock.textContent = free >= 0 ? `免费等候还剩 ${minutes}:${seconds}` : `免费等候已过 ${minutes}:${seconds}`;
  }

  // Forms

  function offline(is) {
    part('offline').hidden = !is;
  }

  document.addEventListener('submit', (event) => {
    if (!page().contains(event.target) || event.target.method !== 'post' || event.defaultPrevented) return;
    event.preventDefault();
    if (event.target.dataset.sent) return;
    event.target.dataset.sent = 'yes';
    for (const one of event.target.querySelectorAll('button')) one.setAttribute('aria-busy', 'true');
    send(event.target.action, new URLSearchParams(new FormData(event.target, event.submitter)));
  });

  /** The same form with the same key until it has arrived: however often it is sent, it is done once. */
  async function send(address, body) {
    for (;;) {
      try {
        const answer = await fetch(address, { method: 'POST', credentials: 'same-origin', body, signal: AbortSignal.timeout(LONGEST_MS) });
        if (answer.status < 500 && answer.status !== 429) {
          offline(false);
          put(new DOMParser().parseFromString(await answer.text(), 'text/html'));
          return;
        }
      } catch (failed) {
        offline(true);
      }
      await rest(AGAIN_MS);
    }
  }

  function put(fresh) {
    if (!fresh.getElementById('driver')) {
      location.reload();
      return;
    }
    for (const id of ['said', 'driver']) document.getElementById(id).replaceWith(fresh.getElementById(id));
    document.dispatchEvent(new CustomEvent('live:fresh', { detail: ['driver'] }));
    document.getElementById('said').scrollIntoView({ block: 'nearest' });
  }

  // All of it

  function look() {
    drive();
    showSound();
    tick();
  }

  addEventListener('pointerdown', (event) => {
    allowSound();
    if (offerNow()?.contains(event.target)) hushed = offerNow().dataset.offer;
  });
  addEventListener('keydown', allowSound);
  part('again').addEventListener('click', () => { if (watch !== null) halt(); drive(); });
  document.addEventListener('live:fresh', look);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
  addEventListener('offline', () => offline(true));
  addEventListener('online', () => { offline(false); document.dispatchEvent(new Event('live:ask')); });
  setInterval(tick, 250);
  setInterval(ring, RING_MS);
  look();
})();
