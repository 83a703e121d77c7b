// Materials by the keyboard, photos in large, and the notice as it is being written. Everything works without this file.
'use strict';

(() => {
  const materials = [...document.querySelectorAll('[data-material]')];
  const zoomed = document.querySelector('[data-zoomed]');
  let chosen = null;

  function choose(one, scroll = true) {
    if (!one) return;
    for (const each of materials) each.classList.toggle('chosen', each === one);
    chosen = one;
    one.focus({ preventScroll: true });
    if (scroll) one.scrollIntoView({ block: 'start' });
  }

  function step(by) {
    const at = materials.indexOf(chosen);
    choose(materials[Math.min(Math.max(at + by, 0), materials.length - 1)]);
  }

  /** Where the last verdict has led, else the first that nobody has looked at. */
  function begin() {
    const named = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    if (materials.includes(named)) choose(named);
    else if (named) named.focus();
    else choose(document.querySelector('.material.open') || materials[0], false);
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (zoomed.open) return zoomKey(event);
    if (event.key === 'Escape') document.activeElement.blur();
    if (event.target.matches('input, textarea, select') || document.querySelector('dialog[open]')) return;
    if (act(event.key.toLowerCase())) event.preventDefault();
  }

  function act(key) {
    if (key === 'j') step(1);
    else if (key === 'k') step(-1);
    else if (!chosen) return false;
    else if (key === 'r') chosen.querySelector('[name=remark]')?.select();
    else if (key === 'z') chosen.querySelector('[data-zoom]')?.click();
    else {
      const verdict = chosen.querySelector(`button[data-key="${CSS.escape(key)}"]`);
      if (!verdict) return false;
      verdict.click();
    }
    return true;
  }

  // Photos in large

  let photos = [];
  let at = 0;
  let scale = 1;

  function show() {
    const picture = zoomed.querySelector('img');
    picture.src = photos[at].href;
    picture.alt = photos[at].querySelector('img').alt;
    size(1);
  }

  function size(wanted) {
    scale = Math.min(Math.max(wanted, 1), 6);
    const picture = zoomed.querySelector('img');
    picture.style.width = picture.style.height = `${scale * 100}%`;
    const box = picture.parentElement;
    box.scrollTo((box.scrollWidth - box.clientWidth) / 2, (box.scrollHeight - box.clientHeight) / 2);
  }

  function zoomKey(event) {
    if (event.key === '+' || event.key === '=') size(scale * 1.5);
    else if (event.key === '-') size(scale / 1.5);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      at = (at + (event.key === 'ArrowRight' ? 1 : photos.length - 1)) % photos.length;
      show();
    } else return;
    event.preventDefault();
  }

  document.addEventListener('click', (event) => {
    const photo = event.target.closest('[data-zoom]');
    if (!photo || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    photos = [...photo.closest('[data-material]').querySelectorAll('[data-zoom]')];
    at = photos.indexOf(photo);
    show();
    zoomed.showModal();
  });
  zoomed.querySelector('[data-larger]').addEventListener('click', () => size(scale * 1.5));
  zoomed.querySelector('[data-smaller]').addEventListener('click', () => size(scale / 1.5));
  zoomed.querySelector('[data-close]').addEventListener('click', () => zoomed.close());

  // The notice while it is being written

  for (const box of document.querySelectorAll('[data-preview]')) {
    const shown = document.querySelector(`[data-shown="${box.dataset.preview}"]`);
    if (!shown) continue;
    const draw = () => { shown.textContent = box.value; };
    box.addEventListener('input', draw);
    draw();
  }

  document.addEventListener('focusin', (event) => {
    const within = event.target.closest('[data-material]');
    if (within && within !== chosen) {
      for (const each of materials) each.classList.toggle('chosen', each === within);
      chosen = within;
    }
  });
  document.addEventListener('keydown', pressed);
  begin();
})();
