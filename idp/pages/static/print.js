/* The page of printed codes: a button that opens the browser's print window. Without this script the browser's own menu does. */
"use strict";

(() => {
  const button = document.getElementById("print");
  button.hidden = false;
  button.addEventListener("click", () => window.print());
})();
