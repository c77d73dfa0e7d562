// Suggestions while a visitor types. Without this script the form works as it is.
for (const form of document.querySelectorAll("form[data-suggest]")) {
  const input = form.querySelector("input[name=q]");
  const list = document.createElement("ul");
  let timer, asked = 0, at = -1;
  list.className = "suggestions";
  list.id = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.placeholder);
  Object.entries({role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list"})
    .forEach(([name, value]) => input.setAttribute(name, value));
  form.append(list);

  const options = () => [...list.children];
  const close = () => { list.replaceChildren(); at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const choose = (index) => {
    at = index;
    options().forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", options()[at].id);
  };
  const ask = async () => {
    const mine = ++asked;
    const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(input.value)}`).catch(() => null);
    if (mine !== asked || !answer || !answer.ok) return;
    list.innerHTML = await answer.text();
    at = -1;
    input.setAttribute("aria-expanded", String(list.children.length > 0));
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    asked++;
    if (input.value.trim().length < 2) close();
    else timer = setTimeout(ask, 150);
  });
  input.addEventListener("keydown", (event) => {
    const many = list.children.length;
    if (event.key === "Escape") close();
    else if (many && event.key === "ArrowDown") { choose((at + 1) % many); event.preventDefault(); }
    else if (many && event.key === "ArrowUp") { choose(at <= 0 ? many - 1 : at - 1); event.preventDefault(); }
    else if (at >= 0 && event.key === "Enter") { location.href = options()[at].dataset.href; event.preventDefault(); }
  });
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("li");
    if (option) { location.href = option.dataset.href; event.preventDefault(); }
  });
  input.addEventListener("blur", () => setTimeout(close, 100));
}
