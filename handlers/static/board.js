// Dragging a visit onto a worker sends the form that stands at the end of the board. Without this file one taps.
'use strict';

const drop = document.querySelector('form[data-drop]');

function carry(visit) {
  visit.draggable = true;
  visit.addEventListener('dragstart', (event) => {
    event.dataTransfer.setData('text/plain', visit.dataset.visit);
    event.dataTransfer.effectAllowed = 'move';
  });
}

function receive(worker) {
  worker.addEventListener('dragover', (event) => {
    event.preventDefault();
    worker.classList.add('over');
  });
  worker.addEventListener('dragleave', () => worker.classList.remove('over'));
  worker.addEventListener('drop', (event) => {
    event.preventDefault();
    worker.classList.remove('over');
    const visit = event.dataTransfer.getData('text/plain');
    if (!document.querySelector(`[data-visit="${CSS.escape(visit)}"]`)) return;
    drop.elements.case_no.value = visit;
    drop.elements.worker_id.value = worker.dataset.worker;
    drop.requestSubmit();
  });
}

if (drop) {
  document.querySelectorAll('[data-visit]').forEach(carry);
  document.querySelectorAll('[data-worker]').forEach(receive);
}
