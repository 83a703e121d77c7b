// While somebody writes, the phone beside the form shows what residents will see. Without this file it shows what is saved.
'use strict';

const write = document.querySelector('[data-preview]')?.form;

function draw() {
  for (const box of write.querySelectorAll('[data-preview]')) {
    document.querySelector(`[data-shown="${box.dataset.preview}"]`).textContent = box.value;
  }
  const pictures = [...write.querySelectorAll('[data-preview-image]:checked')].map((one) => {
    const picture = document.createElement('img');
    picture.src = one.dataset.previewImage;
    picture.alt = '图片';
    return picture;
  });
  document.querySelector('[data-shown="images"]').replaceChildren(...pictures);
}

if (write) {
  write.addEventListener('input', () => {
    draw();
    const told = document.querySelector('[data-unsaved]');
    if (told) told.hidden = false;
  });
  document.addEventListener('live:fresh', () => { if (write.isConnected) draw(); });
  draw();
}
