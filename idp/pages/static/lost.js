/* The page for a lost phone: the secret of a link travels in its fragment, which browsers never send.
 *
 * It is moved into the form and out of the address bar at once, so that it stays neither in the history nor in a picture of the screen.
 */
"use strict";

(() => {
  const read = () => {
    const secret = location.hash.slice(1);
    if (secret.length < 60) return;
    history.replaceState(null, "", location.pathname + location.search);
    document.getElementById("link-form").elements.secret.value = secret;
    document.getElementById("secret-field").hidden = true;
    document.getElementById("secret-read").hidden = false;
    document.getElementById("birthdate").focus();
  };
  read();
  window.addEventListener("hashchange", read);
})();
