/* A page that waits for somebody else: it asks whether something has changed, and is then shown anew.
 *
 * Without JavaScript the link beside it does the same.
 */
"use strict";

(() => {
  const PAUSE = 2000;
  const live = document.getElementById("live");

  const look = async () => {
    try {
      const answer = await fetch(live.dataset.status, { headers: { Accept: "application/json" } });
      // Signed out, or gone: the page itself says so.
      if (!answer.ok || (await answer.json()).mark !== live.dataset.mark) {
        location.assign(live.dataset.page);
        return;
      }
    } catch {
      // No line for a moment: it is asked again.
    }
    setTimeout(look, PAUSE);
  };
  setTimeout(look, PAUSE);
})();
