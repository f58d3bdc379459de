/* The phone code pages: the message read by the browser where it can (WebOTP), the wait until a new one may be asked for, and word of a
 * message that could not be delivered. */
"use strict";

(() => {
  const form = document.getElementById("code-form");
  const asks = [...document.querySelectorAll("[data-wait]")];
  const fate = document.getElementById("message-fate");

  /** WebOTP: Chrome on Android offers the code of a message whose last line is `@host #code`. */
  const listen = async () => {
    const stop = new AbortController();
    form.addEventListener("submit", () => stop.abort());
    try {
      const message = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: stop.signal });
      form.elements.code.value = message.code;
      form.requestSubmit();
    } catch (error) {
      // Refused, timed out or aborted: the person types the code, as on every other browser.
    }
  };

  /** Counts down on the button; the server enforces the wait whatever the page does. */
  const wait = (button) => {
    const until = Date.now() + Number(button.dataset.wait) * 1000;
    const label = button.textContent;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? button.dataset.waiting.replace("{seconds}", left) : label;
      if (left > 0) setTimeout(tick, 500);
      else document.getElementById("resend-status").textContent = button.dataset.ready;
    };
    tick();
  };

  /** Asks what became of the message while somebody looks at the page; a failure shows the other ways at once. */
  const follow = () => {
    const EVERY = 2000;
    const LONGEST = 300000;
    const since = Date.now();
    const ask = async () => {
      if (Date.now() - since > LONGEST) return;
      if (!document.hidden) {
        try {
          const answer = await (await fetch(fate.dataset.poll, { headers: { Accept: "application/json" } })).json();
          // A message that may still come leaves somebody who has begun to type alone.
          const typing = form && form.elements.code.value !== "";
          if (answer.state === "failed" || (answer.state === "uncertain" && !typing)) {
            location.replace(fate.dataset.here);
            return;
          }
        } catch (error) {
          // Offline for a moment: asked again.
        }
      }
      setTimeout(ask, EVERY);
    };
    setTimeout(ask, EVERY);
  };

  if (form && "OTPCredential" in window) listen();
  for (const button of asks) if (Number(button.dataset.wait) > 0) wait(button);
  if (fate && fate.dataset.poll) follow();
})();
