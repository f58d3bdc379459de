/* The first page of an enrolment: the one-time secret travels in the fragment of the link, which browsers never send.
 *
 * It is moved into the form and out of the address bar at once, so that it stays neither in the history nor in a picture of the screen.
 */
"use strict";

(() => {
  const read = () => {
    const secret = location.hash.slice(1);
    if (!secret) return;
    history.replaceState(null, "", location.pathname + location.search);
    document.getElementById("enrol-form").elements.secret.value = secret;
    document.getElementById("secret-field").hidden = true;
    const elsewhere = document.getElementById("other-browser");
    document.getElementById("secret-read").hidden = Boolean(elsewhere && !elsewhere.hidden); // not: begin here
  };
  read();
  // A link opened where this page stands already changes only the fragment.
  window.addEventListener("hashchange", read);
})();
