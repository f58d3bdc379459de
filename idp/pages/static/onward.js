/* After signing out: the frames that sign out of services come first, then the browser goes back to the service that asked.
 *
 * The page has loaded when each of its frames has. A service that does not answer keeps nobody for long, and without
 * this script the link does the same.
 */
"use strict";

(() => {
  const LONGEST_WAIT = 3000;
  const link = document.querySelector("[data-onward]");
  let gone = false;
  const go = () => {
    if (gone) return;
    gone = true;
    location.replace(link.href);
  };
  window.addEventListener("load", go);
  setTimeout(go, LONGEST_WAIT);
})();
