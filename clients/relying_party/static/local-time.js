"use strict";
// Adds the reader's own time beside the time in Korea; without it the page is complete too.
for (const time of document.querySelectorAll("time.local")) {
  const moment = new Date(Number(time.dataset.seconds) * 1000);
  time.dateTime = moment.toISOString();
  const here = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });
  const beside = document.createElement("span");
  beside.className = "small";
  beside.textContent = here;
  time.after(document.createElement("br"), beside);
}
