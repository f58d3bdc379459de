/* Buttons that copy what stands in a box. Without a clipboard, and without this script, they stay hidden. */
"use strict";

(() => {
  const DONE_SHOWN = 2000;
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, DONE_SHOWN);
    });
  }
})();
