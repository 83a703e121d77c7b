// A file that is chosen is read into the box beside it, so that it is seen before it is sent. Without this file one pastes.
'use strict';

for (const chooser of document.querySelectorAll('[data-reads-into]')) {
  chooser.hidden = false;
  chooser.querySelector('input').addEventListener('change', async (event) => {
    const [file] = event.target.files;
    if (file) document.querySelector(`#${chooser.dataset.readsInto}`).value = await file.text();
  });
}
