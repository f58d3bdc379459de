/* The phone code pages: the message read by the browser where it can (WebOTP), and the wait until a new one may be asked for. */
"use strict";

(() => {
  const form = document.getElementById("code-form");
  const resend = document.getElementById("resend");

  /** WebOTP: Chrome on Android offers the code of a message whose last line is `@host #code`. */
  const listen = async () => {
    const stop = new AbortController();
    form.addEventListener("submit", () => stop.abort());
    try {
      const message = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: stop.signal });
      form.elements.code.value = message.code;
      form.requestSubmit();
    } catch {
      // Refused, timed out or aborted: the person types the code, as on every other browser.
    }
  };

  /** Counts down on the button; the server enforces the wait whatever the page does. */
  const wait = () => {
    const until = Date.now() + Number(resend.dataset.wait) * 1000;
    const label = resend.textContent;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      resend.disabled = left > 0;
      resend.textContent = left > 0 ? resend.dataset.waiting.replace("{seconds}", left) : label;
      if (left > 0) setTimeout(tick, 500);
      else document.getElementById("resend-status").textContent = resend.dataset.ready;
    };
    tick();
  };

  if (form && "OTPCredential" in window) listen();
  if (resend && Number(resend.dataset.wait) > 0) wait();
})();
