// Dragging a visit onto a worker sends the form that stands at the end of the board. Without this file one taps. The board keeps
// itself fresh (live.js), so nothing here holds on to an element: whatever is there now is asked.
'use strict';

(() => {
  const VISIT = '[data-visit]';
  const WORKER = '[data-worker]';
  /** Not text: dragging a link puts its address there. */
  const KIND = 'application/x-visit';
  const near = (event, what) => (event.target instanceof Element ? event.target.closest(what) : null);

  function ready() {
    document.querySelectorAll(VISIT).forEach((one) => { one.draggable = true; });
  }

  function over(worker) {
    document.querySelectorAll(`${WORKER}.over`).forEach((one) => { if (one !== worker) one.classList.remove('over'); });
    if (worker) worker.classList.add('over');
  }

  document.addEventListener('dragstart', (event) => {
    const visit = near(event, VISIT);
    if (!visit) return;
    event.dataTransfer.setData(KIND, visit.dataset.visit);
    event.dataTransfer.effectAllowed = 'move';
  });
  document.addEventListener('dragover', (event) => {
    const worker = near(event, WORKER);
    if (worker) event.preventDefault();
    over(worker);
  });
  document.addEventListener('dragend', () => over(null));
  document.addEventListener('drop', (event) => {
    const worker = near(event, WORKER);
    const form = document.querySelector('form[data-drop]');
    over(null);
    if (!worker || !form) return;
    event.preventDefault();
    const visit = event.dataTransfer.getData(KIND);
    if (!visit || !document.querySelector(`[data-visit="${CSS.escape(visit)}"]`)) return;
    form.elements.case_no.value = visit;
    form.elements.worker_id.value = worker.dataset.worker;
    form.requestSubmit();
  });
  document.addEventListener('live:fresh', ready);
  ready();
})();
