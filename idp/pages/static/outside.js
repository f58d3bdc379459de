/* Browsers inside another app (a messenger's, a social network's) and old ones have no passkeys.
 *
 * The sign-in itself cannot move to another browser: it belongs to this one, and so does its beginning at the service.
 * What can be opened elsewhere is the address that the page names: the service's own, or an enrolment's unspent link.
 */
"use strict";

(() => {
  const INSIDE = /KAKAOTALK|NAVER\(|DaumApps|Instagram|FBAN|FBAV|\bLine\/|MicroMessenger|; wv\)/i;
  const box = document.getElementById("other-browser");
  const agent = navigator.userAgent;
  if (!box || !window.isSecureContext || (window.PublicKeyCredential && !INSIDE.test(agent))) return;
  box.hidden = false;

  const shown = document.getElementById("other-browser-address");
  if (!shown) return;
  if (!shown.textContent) shown.textContent = location.href; // before enrol.js takes the secret out of it
  const link = document.getElementById("other-browser-open");
  const address = new URL(shown.textContent);

  /** An address that the app hands to the phone's own browser. */
  const outward = () => {
    if (/KAKAOTALK/i.test(agent)) return `kakaotalk://web/openExternal?url=${encodeURIComponent(address.href)}`;
    // An intent has no place for a fragment, in which the secret of an enrolment travels.
    if (!/Android/i.test(agent) || address.hash) return "";
    const place = address.host + address.pathname + address.search;
    return `intent://${place}#Intent;scheme=${address.protocol.slice(0, -1)};action=android.intent.action.VIEW;end`;
  };
  link.href = outward();
  link.hidden = !outward();

  const copy = document.getElementById("other-browser-copy");
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    getSelection().selectAllChildren(shown);
    try {
      await navigator.clipboard.writeText(address.href);
      copy.textContent = copy.dataset.done;
    } catch (error) {
      // Many apps forbid it: the address is selected, and the person's own copying a touch away.
    }
  });
})();
