// Compares a file with the paper on this device: it is not sent anywhere. Where the browser cannot, the form still does.
"use strict";

(() => {
  const part = document.getElementById("compare");
  if (!part || !window.crypto || !window.crypto.subtle) return;
  const drop = part.querySelector(".drop");
  const input = drop.querySelector("input");
  const outcome = part.querySelector(".outcome");
  const SAME = "文件一字未改，就是这份文书。";
  const OTHER = "文件和原件不一样，内容可能改过，请不要相信。";
  document.body.classList.add("scripted");
  part.querySelector(".button").hidden = true;

  function tell(text, tone) {
    outcome.textContent = text;
    outcome.className = `outcome ${tone}`;
  }

  async function compare(file) {
    if (!file) return;
    if (file.size > Number(part.dataset.most)) {
      tell(OTHER, "bad"); // none of our papers is so large
      return;
    }
    tell("正在核对…", "busy");
    try {
      const digest = await window.crypto.subtle.digest("SHA-256", await file.arrayBuffer());
      const hex = Array.from(new Uint8Array(digest), (one) => one.toString(16).padStart(2, "0")).join("");
      if (hex === part.dataset.sha256) tell(SAME, "good");
      else tell(OTHER, "bad");
    } catch {
      tell("这个文件打不开，请换一个再试。", "bad");
    }
  }

  input.addEventListener("change", () => compare(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    compare(event.dataTransfer.files[0]);
  });
})();
