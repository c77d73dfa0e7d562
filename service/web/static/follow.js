// What is under way is asked for again every two seconds and shown in place; without this script a link does the same.
"use strict";
const follow = async () => {
  const part = document.querySelector("[data-follow]");
  if (!part) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer && answer.ok && !answer.redirected) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.querySelector("[data-follow]");
    if (now) part.replaceChildren(...now.childNodes);
    else {
      document.getElementById("content").replaceWith(page.getElementById("content"));
      return;
    }
  }
  setTimeout(follow, 2000);
};
setTimeout(follow, 2000);
