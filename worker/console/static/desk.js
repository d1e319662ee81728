// What the pages do by themselves without this file, a little quicker with it.
"use strict";

// The grid: arrow keys go from cell to cell; Tab goes on working as everywhere.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const cell = document.activeElement && document.activeElement.closest("table.grid tbody th, table.grid tbody td");
  if (!step || !cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const rows = [...cell.closest("tbody").rows];
  let row = rows.indexOf(cell.parentElement) + step[0];
  let column = cell.cellIndex + step[1];
  for (; rows[row]; row += step[0], column += step[1]) {
    const there = rows[row].cells[Math.min(column, rows[row].cells.length - 1)];
    const link = column >= 0 && column < rows[row].cells.length + (step[0] ? 99 : 0) && there.querySelector("a");
    if (link) {
      link.focus();
      event.preventDefault();
      return;
    }
    if (column < 0 || column > 99) return;
  }
});

// Technical detail can be copied with one press, where the browser lets us.
function offerCopy() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copies]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copies]");
  if (!button) return;
  const texts = [...document.querySelectorAll(`#${button.dataset.copies} .technical`)].map((each) => each.textContent.trim());
  await navigator.clipboard.writeText(texts.join("\n\n"));
  button.textContent = button.dataset.copied;
});

document.addEventListener("DOMContentLoaded", offerCopy);
document.addEventListener("htmx:afterSettle", offerCopy);
