// Nothing needs this. It writes under a picture what the bar holds that is pointed at or reached by
// Tab, and lets the arrow keys lead to the period before and after.
"use strict";
function show(event) {
  const bar = event.target.closest(".picture svg a");
  if (bar) bar.closest("figure").querySelector(".value").textContent = bar.querySelector("title").textContent;
}
document.addEventListener("focusin", show);
document.addEventListener("mouseover", show);
document.addEventListener("keydown", event => {
  const beside = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  const isMeant = beside && !event.altKey && !event.ctrlKey && !event.metaKey && !event.target.closest("input, .scroll");
  if (isMeant) document.querySelector(`.steps a[rel=${beside}]`)?.click();
});
