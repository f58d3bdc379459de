/* The passkey ceremonies: signing in (WebAuthn Level 3 §7.2) and creating a passkey at enrolment (§7.1).
 *
 * The server's options stand in `data-options` of the form; the answer goes back in its hidden field `credential`.
 * What a failed prompt means is said in words that stand on the page in the person's language, never here.
 */
"use strict";

(() => {
  const form = document.getElementById("passkey-form");
  const webauthn = window.SimpleWebAuthnBrowser;
  const trouble = document.getElementById("passkey-trouble");
  const status = document.getElementById("passkey-status");
  const autofill = document.getElementById("passkey-autofill");
  const elsewhere = document.getElementById("other-browser");
  const optionsJSON = JSON.parse(form.dataset.options);
  const creates = form.dataset.ceremony === "registration";
  const ANSWER_MILLISECONDS = 20000;
  let busy = false;

  // The names of the errors are those of WebAuthn Level 3 §5.1.3 and §5.1.4; the rest is a failure worth a retry.
  const MEANINGS = {
    NotAllowedError: "cancelled", // closed, refused, or no answer in time: the browser deliberately says no more
    InvalidStateError: "already", // the authenticator already holds a passkey of this person
    NotSupportedError: "unsupported",
    SecurityError: "insecure",
    ConstraintError: "unverified", // no screen lock, so the person cannot be verified
  };

  const say = (name) => {
    const words = document.querySelector(`[data-message="${name}"]`) || document.querySelector('[data-message="failed"]');
    trouble.querySelector("p").textContent = words.textContent;
    trouble.hidden = false;
  };

  const working = (on) => {
    busy = on;
    form.setAttribute("aria-busy", String(on));
    status.textContent = on ? status.dataset.text : "";
  };

  const send = (credential) => {
    form.elements.credential.value = JSON.stringify(credential);
    working(true);
    form.submit();
    setTimeout(() => working(false), ANSWER_MILLISECONDS); // nothing tells that somebody stopped the loading
  };

  const meaning = (error) => {
    const original = error.cause && error.cause.name ? error.cause : error;
    return MEANINGS[original.name] || "failed";
  };

  const aborted = (error) => error.name === "AbortError" || error.code === "ERROR_CEREMONY_ABORTED";

  /** The browser's own prompt, started by the button. */
  const prompt = async () => {
    trouble.hidden = true;
    working(true);
    try {
      const credential = creates
        ? await webauthn.startRegistration({ optionsJSON })
        : await webauthn.startAuthentication({ optionsJSON });
      send(credential);
    } catch (error) {
      working(false);
      if (aborted(error)) return;
      say(meaning(error));
      offer();
    }
  };

  /** Conditional UI: passkeys of this device among the suggestions of a text field, without a prompt. */
  const offer = async () => {
    if (creates || !autofill || !(await webauthn.browserSupportsWebAuthnAutofill())) return;
    autofill.hidden = false;
    try {
      send(await webauthn.startAuthentication({ optionsJSON, useBrowserAutofill: true }));
    } catch (error) {
      // Aborted when the button is pressed; anything else was either said by the browser or is tried again by the button.
      if (!busy && !aborted(error)) say(meaning(error));
    }
  };

  if (!window.isSecureContext) say("insecure");
  else if (!navigator.cookieEnabled) say("cookies"); // before somebody proves in vain
  else if (webauthn && webauthn.browserSupportsWebAuthn()) offer();
  else if (!elsewhere || elsewhere.hidden) say("unsupported"); // where that box stands, it has said so

  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.id === "demo-phone") return;
    event.preventDefault();
    if (busy) return;
    if (!webauthn || !webauthn.browserSupportsWebAuthn()) say("unsupported");
    else prompt();
  });
})();
