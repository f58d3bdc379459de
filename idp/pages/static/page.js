/* Every page: an address that survives a reload, and one submission a click.
 *
 * A page that answers a POST would ask on reload whether to send the form again. The server names the address at
 * which the same step can be read (`data-here`); putting it into the history makes reload and back harmless.
 */
"use strict";

(() => {
  const here = document.body.dataset.here;
  // The secret of a link in a letter stands in the fragment, for the script that comes after this one.
  if (here) history.replaceState(null, "", here + (here === location.pathname ? location.hash : ""));

  // A second click while the first is under way would spend a try of a code, or send a second message. On a slow line
  // somebody may stop the loading, of which nothing tells: after a while the form can be sent again.
  const UNDER_WAY_MILLISECONDS = 20000;
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const before = sent.get(event.target);
    if (before && Date.now() - before < UNDER_WAY_MILLISECONDS) event.preventDefault();
    else sent.set(event.target, Date.now());
  });

  // A page taken out of the browser's memory by the back button may be submitted again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
