/* An answer in a form goes on by itself, except for someone who came back to this page with the back button. */
"use strict";

(() => {
  const [visit] = performance.getEntriesByType("navigation");
  if (visit && visit.type === "back_forward") return;
  document.getElementById("answer-form").requestSubmit();
})();
