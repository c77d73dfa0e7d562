// While a penalty is typed, what follows from it is shown; without this script a button does the same.
"use strict";
for (const form of document.querySelectorAll("form[data-preview]")) {
  let waiting = 0;
  let asked = 0;
  const show = async () => {
    const mine = ++asked;
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "text/html" },
    }).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("ahead");
    if (found) document.getElementById("ahead").replaceChildren(...found.childNodes);
  };
  form.addEventListener("change", () => {
    clearTimeout(waiting);
    if (form.elements.uscc.value) waiting = setTimeout(show, 300);
  });
}
