// Nothing needs this. It writes under a picture what the bar holds that is pointed at, makes the bars
// of a picture one stop of the Tab key with arrows from bar to bar, and lets the arrow keys lead to
// the period before and after.
"use strict";
const bars = element => [...element.closest("svg").querySelectorAll("a")];
function show(event) {
  const bar = event.target.closest(".picture svg a");
  if (bar) bar.closest("figure").querySelector(".value").textContent = bar.querySelector("title").textContent;
}
function move(bar, steps) {
  const all = bars(bar), next = all[all.indexOf(bar) + steps];
  if (!next) return;
  bar.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
document.querySelectorAll(".picture svg a:first-child").forEach(bar => { bar.tabIndex = 0; });
document.addEventListener("focusin", show);
document.addEventListener("mouseover", show);
document.addEventListener("keydown", event => {
  const [rel, steps] = { ArrowLeft: ["prev", -1], ArrowRight: ["next", 1] }[event.key] ?? [];
  if (!rel || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, .scroll, nav")) return;
  const bar = event.target.closest(".picture svg a");
  if (bar) move(bar, steps);
  else document.querySelector(`.step[rel=${rel}]`)?.click();
});
