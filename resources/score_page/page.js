"use strict";
(() => {
  const status = document.getElementById("status");
  const players = Array.from(document.querySelectorAll("audio"));

  function show(player, isPlaying) {
    for (const trigger of document.querySelectorAll(`[data-plays="${player.id}"]`)) {
      trigger.classList.toggle("playing", isPlaying);
      trigger.setAttribute("aria-pressed", String(isPlaying));
    }
    const row = player.closest("tr");
    if (row) row.classList.toggle("playing", isPlaying);
    if (isPlaying) status.textContent = `Playing ${player.dataset.name}`;
    else if (players.every((each) => each.paused || each.ended)) status.textContent = "";
  }

  function toggle(id) {
    const player = document.getElementById(id);
    if (!player) return;
    if (!player.paused) { player.pause(); return; }
    player.currentTime = 0;
    player.play().catch((error) => {
      // Another sound was started before this one began: no failure.
      if (error.name !== "AbortError") {
        status.textContent = `This browser cannot play ${player.dataset.name}.`;
      }
    });
  }

  document.addEventListener("play", (event) => {
    for (const player of players) if (player !== event.target) player.pause();
    show(event.target, true);
  }, true);
  for (const kind of ["pause", "ended"]) {
    document.addEventListener(kind, (event) => show(event.target, false), true);
  }

  document.addEventListener("click", (event) => {
    const trigger = event.target.closest("[data-plays]");
    if (!trigger) return;
    if (trigger.classList.contains("point")) enter(trigger);
    toggle(trigger.dataset.plays);
  });

  // The map is one stop for the Tab key; arrows go from point to point in it.
  const steps = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

  function enter(point) {
    for (const other of point.ownerSVGElement.querySelectorAll('.point[tabindex="0"]')) {
      other.setAttribute("tabindex", "-1");
    }
    point.setAttribute("tabindex", "0");
    point.focus();
  }

  // The nearest point in a direction; points that lie on one another come in their order.
  function neighbour(point, [dx, dy]) {
    const points = Array.from(point.ownerSVGElement.querySelectorAll(".point"));
    const here = points.indexOf(point), forward = dx + dy > 0;
    let best = null, least = Infinity;
    points.forEach((other, place) => {
      if (other === point) return;
      const x = other.dataset.x - point.dataset.x, y = other.dataset.y - point.dataset.y;
      let cost;
      if (x === 0 && y === 0) {
        if ((place > here) !== forward) return;
        cost = Math.abs(place - here) / points.length - 1;
      } else {
        const along = x * dx + y * dy, across = Math.abs(x * dy - y * dx);
        if (along <= 0) return;
        cost = along + 2 * across;
      }
      if (cost < least) { least = cost; best = other; }
    });
    return best;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") { for (const player of players) player.pause(); return; }
    const point = event.target.closest(".point");
    if (!point) return;
    if (event.key === "Enter" || event.key === " ") toggle(point.dataset.plays);
    else if (steps[event.key]) {
      const next = neighbour(point, steps[event.key]);
      if (next) enter(next);
    } else return;
    event.preventDefault();
  });
})();
